// The prompt on a command line: words or token ids, given or from a file.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kvproof {

class PromptOptions {
 public:
  // Adds --prompt, --prompt-file, --prompt-ids and --prompt-ids-file, which exclude each other. REQUIRES: this outlives
  // the parsing.
  void declare(CLI::App& app);

  bool given() const;
  bool is_text() const;  // words: the checkpoint's tokenizer is needed
  // REQUIRES: is_text(). Throws Error as read_file, and kUsage for a file that is longer than any prompt.
  std::string text() const;
  // REQUIRES: given() and not is_text(). Throws Error as read_token_ids; kUsage for ids that are no numbers.
  std::vector<std::int64_t> ids() const;

 private:
  std::string text_, file_, ids_, ids_file_;
  CLI::Option *has_text_ = nullptr, *has_file_ = nullptr, *has_ids_ = nullptr, *has_ids_file_ = nullptr;
};

}  // namespace kvproof
