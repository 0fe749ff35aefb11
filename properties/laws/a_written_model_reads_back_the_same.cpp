// A model that is written and read again is the same graph and gives the same bits, and writing it twice gives the
// same bytes: a file says all that a model is.
//
// Law         read(write(m)) = m;  write(read(write(m))) = write(m);  outputs equal bit for bit in every turn
// Verdict     exact
// Claimed by  the engine
#include <algorithm>

#include "engine/nnef/reader.h"
#include "engine/nnef/writer.h"
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

void expect_same_files(const Archive& expected, const Archive& actual, const std::string& what, Witness& witness) {
  if (expected.names() != actual.names()) throw Refuted("other files are in the archive " + what);
  for (const std::string& name : expected.names()) {
    if (!std::ranges::equal(expected.bytes(name), actual.bytes(name))) {
      throw Refuted("the file '" + name + "' has other bytes " + what);
    }
    witness.compared();
  }
}

void check(const Case& c, Witness& witness) {
  const Model model = graph_of(c, States::kCaches);
  const Archive file = write_model(model);
  expect_same_files(file, write_model(model), "when the model is written twice", witness);
  const Model again = read_model(file).model;
  std::string why;
  if (!same_graph(model, again, &why)) throw Refuted("the graph that was read back is another one: " + why);
  expect_same_files(file, write_model(again), "when the model that was read back is written", witness);
  expect_same_outputs(run_turns(c, model), run_turns(c, again), "of the model that was read back", witness);
}

}  // namespace

extern constinit const Law a_written_model_reads_back_the_same = {
    .name = "a_written_model_reads_back_the_same",
    .formula = "read(write(m)) = m, write(read(write(m))) = write(m), and equal bits in every turn",
    .covers = "G29",
    .look_at = "look for an attribute that the writer leaves out or the reader takes from a default",
    .verdict = LawClass::kExact,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.max_tokens = 24, .max_operations = 3},
    .check = &check};

}  // namespace kvproof::laws
