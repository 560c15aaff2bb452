#include "collectives/share_links.h"

#include <array>
#include <numeric>
#include <vector>

#include "collectives/algorithms.h"
#include "collectives/execute.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

constexpr const char* kVariable = "SKEIN_LINK_PROFILE";

struct News {
  bool has_profile = false;
  LinkProfile profile;
  std::array<char, 1000> problem{};
};

News news_of_first(const std::optional<LinkProfile>& told) {
  News news;
  news.has_profile = told.has_value();
  if (told) news.profile = *told;
  const auto file = environment_variable(kVariable);
  if (told || !file || file->empty()) return news;
  try {
    news.profile = read_link_profile(*file);
    news.has_profile = true;
  } catch (const ConfigError& error) {
    std::string(error.what()).copy(news.problem.data(), news.problem.size() - 1);
  }
  return news;
}

}  // namespace

std::optional<LinkProfile> share_links(Transport& transport, const std::optional<LinkProfile>& told,
                                       Deadline deadline) {
  News news;
  if (transport.rank() == 0) news = news_of_first(told);
  std::vector<int> ranks(transport.world_size());
  std::iota(ranks.begin(), ranks.end(), 0);
  execute(transport, binomial_broadcast(transport.rank(), transport.world_size(), 0, sizeof news), ranks,
          {.data = reinterpret_cast<std::byte*>(&news)}, {}, deadline);
  if (news.problem[0] != '\0')
    throw ConfigError(std::string("rank 0 cannot use what ") + kVariable + " names: " + news.problem.data(),
                      std::string("or unset ") + kVariable);
  return news.has_profile ? std::optional(news.profile) : std::nullopt;
}

}  // namespace skein
