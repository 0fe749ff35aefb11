// The one exception for bad input from outside: a file, a command line, an environment variable.
#pragma once

#include <stdexcept>
#include <string>

namespace kvproof {

enum class ErrorCode { kUsage, kNotFound, kMalformed, kMismatch, kUnsupported, kIo, kResource };

// Thrown where input is parsed, caught once in main. The message is one line that names the offending value and what
// was expected: "strategy 'windw': unknown; known are concat, in_place, ...".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace kvproof
