// The file of token ids that stands for a text where a checkpoint has no tokenizer that is known.
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/base/files.h"
#include "engine/model/text.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxFile = std::size_t(1) << 27;  // bytes; 2^24 ids, which is more than any context, take less

class Reader {
 public:
  Reader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  std::vector<std::int64_t> read() {
    std::vector<std::int64_t> ids;
    skip_spaces();
    if (rest_.empty()) malformed("nothing");
    while (!rest_.empty()) {
      ids.push_back(id());
      skip_spaces();
      if (!rest_.starts_with(',')) continue;
      rest_.remove_prefix(1);
      skip_spaces();
      if (rest_.empty()) malformed("nothing behind the last comma");
    }
    return ids;
  }

 private:
  void skip_spaces() {
    for (; !rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos;
         rest_.remove_prefix(1)) {
      if (rest_.front() == '\n') ++line_;
    }
  }

  std::int64_t id() {
    const std::string_view word = rest_.substr(0, rest_.find_first_of(", \t\r\n"));
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || word.front() == '-') malformed(excerpt(word));
    rest_.remove_prefix(word.size());
    return value;
  }

  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(ErrorCode::kMalformed, path_ + ": line " + std::to_string(line_) + ": " + what +
                                           "; expected token ids, 0 or more each, with commas or spaces between them");
  }

  std::string_view rest_;
  const std::string& path_;
  std::size_t line_ = 1;
};

}  // namespace

std::vector<std::int64_t> read_token_ids(const std::string& path) {
  const SharedBytes file = read_file(path);
  if (file.bytes.size() > kMaxFile) {
    throw Error(ErrorCode::kMalformed, path + ": longer than " + std::to_string(kMaxFile) + " bytes");
  }
  return Reader({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path).read();
}

}  // namespace kvproof
