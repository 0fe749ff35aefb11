#include "engine/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace kvproof {
namespace {

void print_failure(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
}

std::atomic<CheckHandler> handler{&print_failure};

}  // namespace

CheckHandler set_check_handler(CheckHandler next) { return handler.exchange(next); }

void check_failed(const char* condition, const char* file, int line) {
  handler.load()(condition, file, line);
  std::abort();
}

}  // namespace kvproof
