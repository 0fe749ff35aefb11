// A step takes in the first token that is pending, however many there are.
#include "properties/decoding/mutants/plain_text.h"

namespace kvproof::way_mutants {
namespace {

class Writes final : public PlainText {
 public:
  using PlainText::PlainText;

 protected:
  Value take_in(std::int64_t) override { return runner().run(ids(runner().fed(), runner().fed() + 1)).front(); }
};

}  // namespace

extern constinit const WayMutant a_step_takes_in_one_token = {
    .name = "a_step_takes_in_one_token",
    .fault = "of several pending tokens a step takes in one",
    .source = "rlx_gemma 0.2.0, steps with and without caches in one text",
    .like = "cached",
    .killer = "a_text_is_ahead_of_its_caches_never_behind",
    .write = &write_plain<Writes>};

}  // namespace kvproof::way_mutants
