// kvproof run: runs an NNEF model on given tensors, turn by turn.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/cache/plugin.h"
#include "engine/graph/listing.h"
#include "engine/graph/session.h"
#include "engine/nnef/npz.h"
#include "engine/nnef/reader.h"
#include "engine/rewrite/transform.h"
#include "engine/tools/program.h"
#include "engine/tools/step_times.h"
#include "engine/tools/turns.h"

namespace kvproof {
namespace {

struct Options {
  std::string model, inputs, outputs, expected, approx = "close", approx_custom, dump, save_state, load_state;
  std::vector<std::string> transforms, symbols, plugins;
  bool steps = false, allow_missing = false;
  int threads = 0;
};

bool is_npz(const std::string& path) {
  if (path.ends_with(".npz")) return true;
  if (path.ends_with(".safetensors")) return false;
  throw Error(ErrorCode::kUsage, fmt::format("file '{}': expected a name that ends with .npz or .safetensors", path));
}

TurnFile read_turns(const std::string& path) {
  if (is_npz(path)) return TurnFile(read_npz(path), path);
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<NamedTensor> members;
  for (const std::string& name : file.names()) members.push_back({name, file.read(name)});
  return TurnFile(std::move(members), path);
}

void write_turns(const std::string& path, const std::vector<NamedTensor>& members) {
  is_npz(path) ? write_npz(path, members) : write_safetensors(path, members);
}

// "S=1" as a symbol and its value.
void add_symbol(const std::string& text, Bindings& symbols) {
  const std::size_t equals = text.find('=');
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  if (equals != std::string::npos && equals > 0) {
    const auto [behind, error] = std::from_chars(text.data() + equals + 1, end, value);
    if (error == std::errc() && behind == end) {
      symbols[text.substr(0, equals)] = value;
      return;
    }
  }
  throw Error(ErrorCode::kUsage, fmt::format("--set '{}': expected SYMBOL=INTEGER, for example S=1", text));
}

// The tolerance for outputs of a type.
std::function<Tolerance(DType)> tolerance_of(const Options& options) {
  if (!options.approx_custom.empty()) {
    return [custom = parse_tolerance(options.approx_custom)](DType) { return custom; };
  }
  (void)named_tolerance(options.approx, DType::kF32);
  return [name = options.approx](DType type) { return named_tolerance(name, type); };
}

// What can be refused before anything is read.
void check(const Options& options) {
  (void)tolerance_of(options);
  if (!options.outputs.empty()) (void)is_npz(options.outputs);
  if (options.dump.empty() || options.dump == "listing" || options.dump == "dot") return;
  throw Error(ErrorCode::kUsage, fmt::format("--dump '{}': expected listing or dot", options.dump));
}

// The model as it runs: read, transformed, specialised.
std::shared_ptr<const Plan> make_plan(const Options& options) {
  PlanOptions specialised;
  for (const std::string& text : options.symbols) add_symbol(text, specialised.symbols);
  auto [model, warnings] = read_model(options.model);
  for (const std::string& warning : warnings) fmt::print(stderr, "{}\n", warning);
  for (const std::string& spec : options.transforms) {
    const TransformReport report = apply_transform(model, spec);
    if (report.fired() == 0) fmt::print(stderr, "{}: nothing was changed\n", spec);
    for (const std::string& note : report.notes) fmt::print(stderr, "{}\n", note);
  }
  return std::make_shared<const Plan>(model, specialised);
}

void print_outputs(const Model& model, const std::vector<TurnValues>& turns) {
  for (std::size_t turn = 0; turn < turns.size(); ++turn) {
    for (std::size_t i = 0; i < turns[turn].size(); ++i) {
      const Value& value = turns[turn][i];
      fmt::print("{}: {}{}\n", member_name(model.outputs()[i].name, turn, turns.size()), name_of(value.dtype()),
                 value.shape().str());
    }
  }
}

// Whether all is as the file expects; says what is not.
bool assert_outputs(const Model& model, const std::vector<TurnValues>& turns, const TurnFile& expected,
                    const Options& options) {
  const Missing missing = options.allow_missing ? Missing::kAllowed : Missing::kRefused;
  const Verdict verdict = compare_outputs(model, turns, expected, tolerance_of(options), missing);
  for (const std::string& line : verdict.differences) fmt::print(stderr, "kvproof run: {}\n", line);
  if (verdict.compared == 0 && verdict.differences.empty()) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' expects nothing that the model puts out", expected.label()));
  }
  if (!verdict.differences.empty()) return false;
  fmt::print("outputs as expected ({}): {}\n", options.approx_custom.empty() ? options.approx : options.approx_custom,
             verdict.compared);
  return true;
}

std::vector<TurnValues> run_turns(Session& session, const std::vector<TurnValues>& inputs, StepTimes* times) {
  if (times) session.observe([times](const StepRecord& record) { times->add(record); });
  std::vector<TurnValues> outputs;
  for (std::size_t turn = 0; turn < inputs.size(); ++turn) {
    try {
      outputs.push_back(session.run(inputs[turn]));
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("turn {}: {}", turn, error.what()));
    }
  }
  return outputs;
}

int run_model(const std::shared_ptr<const Plan>& plan, const Options& options) {
  const Model& model = plan->model();
  std::vector<TurnValues> inputs(1);
  if (!options.inputs.empty()) {
    inputs = read_turns(options.inputs).inputs(model);
  } else if (!model.inputs().empty()) {
    throw Error(ErrorCode::kUsage, "--inputs is required: the model has inputs");
  }
  std::optional<TurnFile> expected;
  if (!options.expected.empty()) expected = read_turns(options.expected);

  Session session(plan);
  if (!options.load_state.empty()) session.load(options.load_state);
  StepTimes times;
  const std::vector<TurnValues> outputs = run_turns(session, inputs, options.steps ? &times : nullptr);
  if (!options.save_state.empty()) session.save(options.save_state);
  if (!options.outputs.empty()) write_turns(options.outputs, output_members(model, outputs));
  if (options.steps) fmt::print("{}", times.str());
  if (expected) return assert_outputs(model, outputs, *expected, options) ? kExitFine : kExitFailed;
  if (options.outputs.empty() && !options.steps) print_outputs(model, outputs);
  return kExitFine;
}

void describe(CLI::App& app, Options& o) {
  app.add_option("MODEL", o.model, "NNEF: a folder, .tar or .tgz")->required();
  app.add_option("--apply", o.transforms, "a transform, NAME or NAME:param=value; repeatable, in order")
      ->type_name("TRANSFORM")
      ->allow_extra_args(false);
  app.add_option("--inputs", o.inputs, ".npz or .safetensors; NAME, or turn_0/NAME, turn_1/NAME, ...")
      ->type_name("FILE");
  app.add_option("--outputs", o.outputs, "write what comes out; .npz or .safetensors")->type_name("FILE");
  app.add_option("--assert-outputs", o.expected, "compare: turn_k/NAME with that turn, NAME with the last")
      ->type_name("FILE");
  app.add_option("--approx", o.approx, "exact, close, approximate, very, super or ultra; default close")
      ->type_name("NAME");
  app.add_option("--approx-custom", o.approx_custom, "atol,rtol,share of outliers")->type_name("NUMBERS");
  app.add_flag("--allow-missing-outputs", o.allow_missing, "an output may have nothing to compare with");
  app.add_option("--set", o.symbols, "specialise a symbol: S=1; repeatable")
      ->type_name("SYMBOL=N")
      ->allow_extra_args(false);
  app.add_flag("--steps", o.steps, "print the time of every node and operator");
  app.add_flag("--dump{listing}", o.dump, "print the model as it runs; =dot for Graphviz");
  app.add_option("--save-state", o.save_state, "write the states behind the last turn")->type_name("FILE");
  app.add_option("--load-state", o.load_state, "begin with states that were saved")->type_name("FILE");
  app.add_option("--threads", o.threads, "default: all")->check(CLI::Range(1, 1024));
  app.add_option("--plugin", o.plugins, "load strategies from a shared object")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Runs an NNEF model on given tensors, turn by turn.\n"
      "Example: kvproof run model.nnef.tgz --inputs io.npz --assert-outputs io.npz"};
  Options options;
  describe(app, options);
  if (const auto code = parse_arguments(app, argc, argv)) return *code;
  check(options);
  for (const std::string& plugin : options.plugins) load_plugin(plugin);
  const std::shared_ptr<const Plan> plan = make_plan(options);
  if (!options.dump.empty()) fmt::print("{}", options.dump == "dot" ? dot(plan->model()) : listing(plan->model()));
  if (!options.dump.empty() && options.inputs.empty()) return kExitFine;
  return with_threads(options.threads, [&] { return run_model(plan, options); });
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("run", argc, argv, kvproof::run); }
