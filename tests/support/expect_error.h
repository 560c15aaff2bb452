#pragma once
// EXPECT_ERROR(kind, text, statement): the statement throws `kind`, and its message contains `text`.

#include <gtest/gtest.h>

#include <string>

#define EXPECT_ERROR(Kind, text, statement)                                                            \
  try {                                                                                                \
    statement;                                                                                         \
    ADD_FAILURE() << "no error from " #statement;                                                      \
  } catch (const Kind& error) {                                                                        \
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << "message: " << error.what(); \
  } catch (const std::exception& error) {                                                              \
    ADD_FAILURE() << "another kind of error: " << error.what();                                        \
  }
