// The profile of the links comes from rank 0.

#include "collectives/share_links.h"

#include <gtest/gtest.h>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "tests/support/directory_test.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

LinkProfile profile_of(double alpha) {
  LinkProfile profile;
  profile.between_hosts.alpha = alpha;
  return profile;
}

std::optional<LinkProfile> share(RankContext& context, const std::optional<LinkProfile>& told) {
  return share_links(*context.transport, told, Deadline::after(std::chrono::seconds(20)));
}

TEST(ShareLinks, WhatRank0WasToldCounts) {
  run_rank_threads({2, 1}, [](RankContext& context) {
    EXPECT_EQ(share(context, profile_of(1e-3 * (1 + context.rank))), profile_of(1e-3));
  });
  run_rank_threads({1, 1}, [](RankContext& context) {
    const auto told = context.rank == 0 ? std::optional(profile_of(1e-3)) : std::nullopt;
    EXPECT_EQ(share(context, told), profile_of(1e-3));
  });
}

class ShareLinksFile : public DirectoryTest {};

TEST_F(ShareLinksFile, IsThatOfTheEnvironmentAndABadOneIsRefusedOnAllRanks) {
  const auto file = directory_ / "links.json";
  run_rank_threads({1, 1}, [](RankContext& context) { EXPECT_EQ(share(context, std::nullopt), std::nullopt); });
  set_default_environment("SKEIN_LINK_PROFILE", file.string());
  write_text(file, to_text(profile_of(2e-3)));
  run_rank_threads({1, 1, 1}, [](RankContext& context) { EXPECT_EQ(share(context, std::nullopt), profile_of(2e-3)); });
  run_rank_threads({1, 1}, [](RankContext& context) { EXPECT_EQ(share(context, profile_of(1e-3)), profile_of(1e-3)); });
  write_text(file, "{}");
  run_rank_threads({1, 1, 1}, [&](RankContext& context) {
    EXPECT_ERROR(ConfigError, file.string() + ": format is missing", share(context, std::nullopt));
  });
}

}  // namespace
}  // namespace skein
