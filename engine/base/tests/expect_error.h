// What a refusal says, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace kvproof {

// The Error that `f` throws, whose message is one line. A test in which it throws none fails.
template <class F>
Error caught(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::kUsage, ""};
}

// Its message.
template <class F>
std::string error_of(const F& f) {
  return caught(f).what();
}

// Its message; its code is this one.
template <class F>
std::string error_of(ErrorCode code, const F& f) {
  const Error error = caught(f);
  EXPECT_EQ(int(error.code()), int(code)) << error.what();
  return error.what();
}

// Its code is this one, and `part` is in its message.
template <class F>
void expect_error(ErrorCode code, std::string_view part, const F& f) {
  const std::string message = error_of(code, f);
  EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' in: " << message;
}

}  // namespace kvproof
