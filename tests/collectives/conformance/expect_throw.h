#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace skein {

/// Whether `action` throws an Expected whose text holds all of `parts`.
template <class Expected, class Action>
testing::AssertionResult throws_saying(Action action, std::initializer_list<std::string_view> parts) {
  try {
    action();
  } catch (const Expected& error) {
    const std::string text = error.what();
    for (std::string_view part : parts)
      if (text.find(part) == std::string::npos)
        return testing::AssertionFailure() << "'" << part << "' is missing in: " << text;
    return testing::AssertionSuccess();
  } catch (const std::exception& error) {
    return testing::AssertionFailure() << "threw another kind: " << error.what();
  }
  return testing::AssertionFailure() << "threw nothing";
}

}  // namespace skein

#define EXPECT_THROW_SAYING(statement, Expected, ...) \
  EXPECT_TRUE((::skein::throws_saying<Expected>([&] { statement; }, {__VA_ARGS__}))) << #statement
