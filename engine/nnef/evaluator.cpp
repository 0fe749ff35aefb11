#include "engine/nnef/evaluator.h"

#include <algorithm>

#include "engine/nnef/lexer.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

constexpr int kMaxNodes = 1'000'000;
constexpr std::size_t kMaxTerms = 256;  // of one dimension
constexpr std::size_t kMaxText = 4096;  // of one dimension
constexpr std::size_t kMaxStem = 160;   // of a name that is made

void check_sizes(const Fact& fact) {
  for (const Dim& dim : fact.shape) check_size(dim);
  if (fact.dims == nullptr) return;
  for (const Dim& dim : *fact.dims) check_size(dim);
}

}  // namespace

void check_size(const Dim& dim) {
  std::size_t text = 0;
  for (const Dim::Term& term : dim.terms()) {
    for (const auto& factor : term.factors) text += factor->text.size();
  }
  if (dim.terms().size() > kMaxTerms || text > kMaxText) {
    throw Error(ErrorCode::kMalformed, "a dimension of " + std::to_string(dim.terms().size()) + " terms and " +
                                           std::to_string(text) + " characters is more than is read");
  }
}

Evaluator::Evaluator(Model& model, Surroundings surroundings)
    : model_(model), surroundings_(std::move(surroundings)), frames_(1) {}

void Evaluator::run(const Graph& graph) {
  parameters_ = {graph.parameters.begin(), graph.parameters.end()};
  reserved_ = parameters_;
  for (const Assignment& a : graph.body) reserved_.insert(a.targets.begin(), a.targets.end());
  for (const Assignment& a : graph.body) assign(a);

  std::vector<NodeId> inputs;
  for (const std::string& name : graph.parameters) {
    const NodeId id = model_.find(name);
    const auto& known = model_.inputs();
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      fail_at(graph.at, "the parameter '" + name + "' of the graph is never assigned an external");
    }
    inputs.push_back(id);
  }
  model_.set_inputs(std::move(inputs));
  add_outputs(graph);
}

void Evaluator::add_outputs(const Graph& graph) {
  for (const std::string& name : graph.results) {
    const auto found = frames_.back().variables.find(name);
    if (found == frames_.back().variables.end()) {
      fail_at(graph.at, "the result '" + name + "' of the graph is never assigned");
    }
    frames_.back().target = name;
    try {
      model_.add_output(name, to_outlet(*this, found->second));
    } catch (const Error& error) {
      fail_at(graph.at, error);
    }
  }
}

void Evaluator::assign(const Assignment& assignment) {
  const NodeId first_new = model_.node_limit();
  frames_.back().target = assignment.targets.front();
  Results results;
  try {
    results = values(assignment);
  } catch (const Error& error) {
    fail_at(assignment.at, error);
  }
  if (results.size() != assignment.targets.size()) {
    fail_at(assignment.at,
            std::to_string(assignment.targets.size()) + " names for " + std::to_string(results.size()) + " values");
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    name_after(results[i], assignment.targets[i], first_new);
    frames_.back().variables[assignment.targets[i]] = std::move(results[i]);
  }
}

Evaluator::Results Evaluator::values(const Assignment& assignment) {
  Results results;
  if (assignment.value.kind == Expr::Kind::kCall) {
    results = call(assignment.value);
  } else {
    results.push_back(evaluate(assignment.value));
  }
  if (results.size() != 1 || assignment.form == Assignment::Form::kOne) return results;
  if (auto* items = std::get_if<std::vector<Argument>>(&results.front().value)) return Results(std::move(*items));
  return results;
}

// The node that gives a value that was just made takes the name it is assigned to.
void Evaluator::name_after(const Argument& value, const std::string& target, NodeId first_new) {
  const Outlet* outlet = std::get_if<Outlet>(&value.value);
  if (outlet == nullptr || outlet->node < first_new || outlet->slot != 0 || named_.count(outlet->node) > 0) return;
  literals_.erase(outlet->node);
  frames_.back().target = target;
  const std::string name = stem();
  if (frames_.size() == 1 && model_.find(name) < 0) {
    model_.rename(outlet->node, name);
  } else if (model_.node(outlet->node).name != name) {
    model_.rename(outlet->node, free_name(name));
  }
}

std::string Evaluator::stem() const {
  const Frame& frame = frames_.back();
  return frame.stem.empty() ? frame.target : frame.stem + "_" + frame.target;
}

std::string Evaluator::short_stem() const { return stem().substr(0, kMaxStem); }

std::string Evaluator::free_name(const std::string& name) {
  if (model_.find(name) < 0 && reserved_.count(name) == 0) return name;
  int& suffix = suffixes_[name];
  std::string candidate;
  do {
    candidate = name + "_" + std::to_string(++suffix);
  } while (model_.find(candidate) >= 0 || reserved_.count(candidate) > 0);
  return candidate;
}

Outlets Evaluator::add_node(OpPtr op, const Outlets& inputs, std::string_view what) {
  if (const auto folded = folded_cast(*this, *op, inputs)) return {*folded};
  if (model_.node_limit() >= kMaxNodes) {
    throw Error(ErrorCode::kMalformed, "more than " + std::to_string(kMaxNodes) + " nodes");
  }
  const std::size_t registry = what.starts_with("tract_") ? what.find('_', 6) : std::string_view::npos;
  if (registry != std::string_view::npos) what.remove_prefix(registry + 1);
  Outlets results = model_.add_node(free_name(short_stem() + "_" + std::string(what)), std::move(op), inputs);
  for (const Outlet& outlet : results) check_sizes(model_.fact(outlet));
  return results;
}

Outlet Evaluator::add_constant(Constant value) {
  const Outlet outlet = model_.add_constant(free_name(short_stem() + "_constant"), std::move(value));
  literals_.insert(outlet.node);
  return outlet;
}

Outlet Evaluator::add_dims(DType dtype, const Shape& shape, std::vector<Dim> values) {
  const Outlet outlet = add_node(std::make_shared<DimsOp>(dtype, shape, std::move(values)), {}, "dims").front();
  literals_.insert(outlet.node);
  return outlet;
}

Outlet Evaluator::add_input(Fact fact) {
  check_sizes(fact);
  const std::string& name = frames_.back().target;
  if (frames_.size() > 1 || parameters_.count(name) == 0) {
    throw Error(ErrorCode::kMalformed, "'" + name + "' is no parameter of the graph");
  }
  const Outlet outlet = model_.add_input(name, std::move(fact));
  named_.insert(outlet.node);
  return outlet;
}

Outlet Evaluator::add_variable(const std::string& label, Constant value) {
  const bool is_its_own = frames_.size() == 1 && label == frames_.back().target && model_.find(label) < 0;
  const Outlet outlet = model_.add_constant(is_its_own ? label : free_name(label), std::move(value));
  named_.insert(outlet.node);
  return outlet;
}

}  // namespace kvproof::nnef
