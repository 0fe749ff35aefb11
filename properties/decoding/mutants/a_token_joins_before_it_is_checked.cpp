// A token stands in the text before anything that can fail has been done.
#include "properties/decoding/mutants/plain_text.h"

namespace kvproof::way_mutants {
namespace {

class Writes final : public PlainText {
 public:
  using PlainText::PlainText;

  void append(std::span<const std::int64_t> ids) override {
    join(ids);
    for (const std::int64_t id : ids) check(id);
  }
};

}  // namespace

extern constinit const WayMutant a_token_joins_before_it_is_checked = {
    .name = "a_token_joins_before_it_is_checked",
    .fault = "a refused token stays in the text",
    .source = "rlx_gemma 0.2.0, logits behind a forced token",
    .like = "cached",
    .killer = "what_is_refused_changes_nothing",
    .write = &write_plain<Writes>};

}  // namespace kvproof::way_mutants
