// Failed checks as exceptions, so that a test of them needs no death test.
#pragma once

#include <stdexcept>

#include "engine/base/check.h"

namespace kvproof {

struct CheckFailed : std::logic_error {
  using std::logic_error::logic_error;
};

// Turns failed checks into CheckFailed while it lives.
class ThrowingChecks {
 public:
  ThrowingChecks()
      : previous_(set_check_handler([](const char* condition, const char*, int) { throw CheckFailed(condition); })) {}
  ~ThrowingChecks() { set_check_handler(previous_); }
  ThrowingChecks(const ThrowingChecks&) = delete;
  ThrowingChecks& operator=(const ThrowingChecks&) = delete;

 private:
  CheckHandler previous_;
};

}  // namespace kvproof
