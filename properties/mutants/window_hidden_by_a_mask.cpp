// Control: attends a copy of every row there ever was, of which an explicit mask hides what has left the window. A law
// that it breaks asks for more than a contract promises, or the base of the mutants of visible sets is wrong.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) { return key <= q.query && key > q.query - q.params["w"]; }

}  // namespace

extern constinit const Mutant window_hidden_by_a_mask =
    hiding_window<&sees>({.name = "window_hidden_by_a_mask",
                          .summary = "Hide by a mask what is not among the last w tokens.",
                          .fault = "none: the window is an explicit mask over all rows",
                          .source = "kvproof",
                          .fault_class = "layout",
                          .role = Role::kControl});

}  // namespace kvproof::mutants
