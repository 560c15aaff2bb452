// The file that holds a profile of the links.

#include "collectives/link_profile.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "tests/support/directory_test.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

LinkProfile some_profile() {
  LinkProfile profile{{25.5e-6, 8.1e-9, 2e-6}, {0.7e-6, 0.2e-9, 0.1e-6}, 0.15e-9};
  profile.keep_default_of(Operation::kBroadcast);
  return profile;
}

TEST(LinkProfile, ComesBackFromItsText) {
  EXPECT_EQ(parse_link_profile(to_text(some_profile(), "a, b"), "f"), some_profile());
  EXPECT_EQ(parse_link_profile(to_text({}), "f"), LinkProfile{});
}

/// What is said of a profile with one field changed.
std::string complaint(const std::string& pointer, const nlohmann::json& value) {
  nlohmann::json all = nlohmann::json::parse(to_text(some_profile()));
  all[nlohmann::json::json_pointer(pointer)] = value;
  try {
    parse_link_profile(all.dump(), "links.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(LinkProfile, RefusalsNameFileFieldAndRemedy) {
  const auto expect = [](const std::string& text, const std::string& field) {
    EXPECT_TRUE(text.starts_with("links.json: " + field + " is ")) << text;
    EXPECT_NE(text.find("skein tune"), std::string::npos) << text;
  };
  expect(complaint("/format", "something"), "format");
  expect(complaint("/version", 2), "version");
  expect(complaint("/between_hosts", 1), "between_hosts");
  expect(complaint("/between_hosts/alpha_seconds", -1), "between_hosts.alpha_seconds");
  expect(complaint("/between_hosts/alpha_seconds", "fast"), "between_hosts.alpha_seconds");
  expect(complaint("/within_host/beta_seconds_per_byte", nullptr), "within_host.beta_seconds_per_byte");
  expect(complaint("/between_hosts/overhead_seconds", 1), "between_hosts.overhead_seconds");
  expect(complaint("/reduce_seconds_per_byte", -1), "reduce_seconds_per_byte");
  expect(complaint("/keep_default", "broadcast"), "keep_default");
  EXPECT_NE(complaint("/keep_default", {"allreduce", "broadcats"}).find("keep_default names \"broadcats\""),
            std::string::npos);
  expect(complaint("/between_hosts", nlohmann::json::object()), "between_hosts.alpha_seconds");
  EXPECT_ERROR(ConfigError, "links.json: not JSON", parse_link_profile("{", "links.json"));
  EXPECT_ERROR(ConfigError, "links.json: the whole is not an object", parse_link_profile("[]", "links.json"));
}

class LinkProfileFile : public DirectoryTest {};

TEST_F(LinkProfileFile, IsReadAndMissedByName) {
  const auto file = directory_ / "links.json";
  EXPECT_ERROR(ConfigError, file.string(), read_link_profile(file));
  write_text(file, to_text(some_profile()));
  EXPECT_EQ(read_link_profile(file), some_profile());
}

}  // namespace
}  // namespace skein
