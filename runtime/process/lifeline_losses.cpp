// What a Lifeline does about ranks and hosts that are silent or lost, and about failures of others.

#include <set>

#include "runtime/process/lifeline.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"

namespace skein {

/// Who has said that a rank is silent also says when it goes on.
void Lifeline::set_silent(int rank, PeerState state) {
  const bool silent = state != PeerState::kWell;
  {
    std::lock_guard lock(mutex_);
    if (leaving_ || silent == silent_.contains(rank) || (!silent && !told_.contains(rank))) return;
  }
  if (silent)
    told_.insert(rank);
  else
    told_.erase(rank);
  log_warning(concat(topology_.describe(rank), " ",
                     silent ? how_it_is(state) + "; the others wait for it" : "goes on"));
  const Notice notice{{"rank", rank}, {"silent", silent}};
  note_silence(notice);
  say(kSilent, notice);
}

void Lifeline::note_silence(const Notice& notice) {
  const int rank = notice.at("rank");
  const bool silent = notice.at("silent");
  std::lock_guard lock(mutex_);
  if (silent)
    silent_.insert(rank);
  else
    silent_.erase(rank);
  changed_.notify_all();
}

void Lifeline::expect_no_more(const Notice& notice) {
  const std::vector<int> ranks = notice.at("ranks");
  std::lock_guard lock(mutex_);
  not_awaited_.insert(ranks.begin(), ranks.end());
  changed_.notify_all();
}

void Lifeline::rank_lost(int rank) {
  if (is_leaving()) return;
  const Notice ended{{"ranks", {rank}}};
  expect_no_more(ended);
  if (!explained_.contains(rank)) lose(loss_of_rank(topology_, rank));
  say(kNotAwaited, ended);
}

/// Whether no other host of several is heard any more.
bool Lifeline::is_cut_off() const {
  std::set<int> hosts;
  for (const LifelineLink& link : links_) {
    if (!link.up() || host_of(link.peer()) == host_of(rank())) continue;
    if (link.num_missed < timing_.most_missed) return false;
    hosts.insert(host_of(link.peer()));
  }
  return hosts.size() > 1;
}

void Lifeline::host_lost(int host) {
  lose(is_cut_off() ? loss_of_own_link(topology_, host_of(rank()), longest_silence())
                    : loss_of_host(topology_, host, longest_silence()));
}

/// What this rank has seen of a loss becomes the failure of all.
void Lifeline::lose(const Loss& loss) {
  if (failed_ || is_leaving()) return;
  say(kLost, loss.to_json());
  hear_of_loss(loss);
}

void Lifeline::hear_of_loss(const Loss& loss) {
  if (loss.of_host) lost_host_ = true;
  expect_no_more({{"ranks", loss.ranks}});
  fail(loss.failure());
}

void Lifeline::hear_of_failure(int origin, const Notice& told) {
  explained_.insert(origin);
  held_.push_back({Clock::now() + timing_.patience, failure_of_other(topology_.describe(origin), told)});
}

void Lifeline::report_held() {
  while (!held_.empty() && held_.front().until <= Clock::now()) {
    const std::exception_ptr failure = held_.front().failure;
    held_.erase(held_.begin());
    fail(failure);
  }
}

void Lifeline::fail(const std::exception_ptr& failure) {
  if (failed_ || is_leaving()) return;
  failed_ = true;
  on_failure_(failure);
}

}  // namespace skein
