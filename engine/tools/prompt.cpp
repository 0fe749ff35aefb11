#include "engine/tools/prompt.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/model/text.h"
#include "engine/tools/numbers.h"

namespace kvproof {

void PromptOptions::declare(CLI::App& app) {
  has_text_ = app.add_option("--prompt", text_, "what the text begins with");
  has_file_ = app.add_option("--prompt-file", file_, "the same from a file")->type_name("FILE");
  has_ids_ = app.add_option("--prompt-ids", ids_, "the same as token ids")->type_name("ID,ID,...");
  has_ids_file_ = app.add_option("--prompt-ids-file", ids_file_, "the same from a file of text")->type_name("FILE");
  has_text_->excludes(has_file_)->excludes(has_ids_)->excludes(has_ids_file_);
  has_file_->excludes(has_ids_)->excludes(has_ids_file_);
  has_ids_->excludes(has_ids_file_);
}

bool PromptOptions::given() const { return is_text() || has_ids_->count() + has_ids_file_->count() > 0; }

bool PromptOptions::is_text() const { return has_text_->count() + has_file_->count() > 0; }

std::string PromptOptions::text() const {
  if (has_text_->count() > 0) return text_;
  constexpr std::size_t kMost = std::size_t(1) << 26;  // bytes, more than any model has positions for
  const SharedBytes file = read_file(file_);
  if (file.bytes.size() > kMost) {
    throw Error(ErrorCode::kUsage, fmt::format("{}: longer than {} bytes", file_, kMost));
  }
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

std::vector<std::int64_t> PromptOptions::ids() const {
  return has_ids_->count() > 0 ? parse_numbers(ids_, "--prompt-ids", "token ids") : read_token_ids(ids_file_);
}

}  // namespace kvproof
