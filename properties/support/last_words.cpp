#include "properties/support/last_words.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <vector>

namespace kvproof {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    at = std::min(text.find_first_not_of(" \t\r", at), end);
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Without what differs from one process to the next: its number, addresses.
std::string stable(const std::string& line) {
  static const std::regex kNumber("^=+[0-9]+=+ *"), kAddress("0x[0-9a-fA-F]{5,}");
  return std::regex_replace(std::regex_replace(line, kNumber, ""), kAddress, "0x...");
}

// The line in which a sanitizer says what it found, or nothing.
std::string finding(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    for (const char* mark : {"Sanitizer:", "runtime error:"}) {
      if (line.find(mark) != std::string::npos) return stable(line);
    }
  }
  return "";
}

std::string signal_in_words(int number) {
  const char* name = sigabbrev_np(number);
  if (!name) return "signal " + std::to_string(number);
  return "SIG" + std::string(name) + " (" + sigdescr_np(number) + ")";
}

}  // namespace

bool has_one_thread() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return error || std::distance(begin(threads), end(threads)) == 1;
}

bool all_threads_sleep(pid_t pid) {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream file(thread.path() / "stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos || line.compare(name_end, 3, ") S") != 0) return false;
  }
  return true;
}

std::string last_words(int status, const std::string& printed, bool answered) {
  const std::vector<std::string> lines = lines_of(printed);
  const std::string found = kSanitized ? finding(lines) : "";
  if (!found.empty()) return "the subject was stopped by a sanitizer: " + found;
  if (answered) return "";
  if (WIFEXITED(status)) return "the subject ended its process with status " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  std::string words = "the subject crashed: " + signal_in_words(number);
  if (number == SIGABRT && !lines.empty()) words += ": " + stable(lines.back());
  return words;
}

std::string hang_in_words(bool asleep) {
  return asleep ? "the subject does not come to an end: each of its threads sleeps"
                : "the subject does not come to an end: it computes without a limit";
}

}  // namespace kvproof
