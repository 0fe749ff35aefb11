#include "engine/nnef/writer.h"

#include <set>

#include "engine/base/excerpt.h"
#include "engine/nnef/constants.h"
#include "engine/nnef/dat.h"
#include "engine/nnef/names.h"
#include "engine/nnef/printer.h"
#include "engine/nnef/registry.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

using namespace nnef;

// The oldest tract whose primitives are all that a text of ours may hold.
constexpr std::string_view kSerialisation = "0.23.5";

// All inputs in their order, then what is computed.
std::vector<NodeId> inputs_first(const Model& model) {
  std::vector<NodeId> result = model.inputs();
  for (const NodeId id : model.order()) {
    if (model.op_as<InputOp>(id) == nullptr) result.push_back(id);
  }
  return result;
}

class Writer final : public Speller {
 public:
  Writer(const Model& model, const WriteOptions& options)
      : model_(model),
        options_(options),
        nodes_(inputs_first(model)),
        names_(model, nodes_, symbols_of(model, nodes_)),
        archive_(options.label) {}

  Archive write() {
    for (const NodeId id : nodes_) add_node(id);
    add_outputs();
    document_.fragments.push_back(properties());
    add_extensions();
    const std::string text = print(document_);
    const auto bytes = std::as_bytes(std::span<const char>(text));
    archive_.add("graph.nnef", std::vector<std::byte>(bytes.begin(), bytes.end()));
    return std::move(archive_);
  }

  const Model& model() const override { return model_; }
  const Node& node() const override { return *node_; }
  Expr input(int i) override {
    const Outlet from = node_->inputs[std::size_t(i)];
    if (auto literal = literal_of(from.node)) return std::move(*literal);
    return identifier(names_.of(from));
  }

 private:
  // A constant that stands in the text wherever it is read, or dimensions where they are read once. A cast of a literal
  // is a literal of another type, so what a cast of the model reads has a name.
  std::optional<Expr> literal_of(NodeId id) const {
    for (const auto& [reader, i] : model_.consumers({id, 0})) {
      if (model_.op_as<Cast>(reader)) return std::nullopt;
    }
    if (const auto* constant = model_.op_as<ConstantOp>(id)) {
      return inline_constant(constant->value(), options_.inline_elements);
    }
    const auto* dims = model_.op_as<DimsOp>(id);
    const bool is_shared = is_public({id, 0}) || model_.consumers({id, 0}).size() > 1;
    if (dims != nullptr && !is_shared) return inline_dims(dims->dtype, dims->shape, dims->values);
    return std::nullopt;
  }

  void add_line(std::vector<std::string> targets, Expr value) {
    note_registries(value);
    const auto form = targets.size() > 1 ? Assignment::Form::kTuple : Assignment::Form::kOne;
    document_.graph.body.push_back({form, std::move(targets), std::move(value), {}});
  }

  void add_node(NodeId id) {
    node_ = &model_.node(id);
    const Outlet first{id, 0};
    if (const auto* source = model_.op_as<InputOp>(id)) {
      document_.graph.parameters.push_back(names_.of(first));
      add_line({names_.of(first)}, external(source->fact()));
      return;
    }
    if (const auto* constant = model_.op_as<ConstantOp>(id)) {
      if (is_public(first) || !literal_of(id)) add_constant(first, constant->value());
      return;
    }
    if (const auto* dims = model_.op_as<DimsOp>(id)) {
      if (!literal_of(id)) add_tensor(first, dims->dtype, inline_dims(dims->dtype, dims->shape, dims->values));
      return;
    }
    std::vector<std::string> targets;
    for (int slot = 0; slot < int(node_->outputs.size()); ++slot) targets.push_back(names_.of({id, slot}));
    add_line(std::move(targets), spelled());
  }

  bool is_public(Outlet outlet) const { return model_.is_output(outlet); }

  static Expr external(const Fact& fact) {
    if (fact.dtype == DType::kF32 && fact.concrete_shape()) {
      return call("external", {}).with("shape", dimensions(fact.shape));
    }
    return call("tract_core_external", {})
        .with("shape", dimensions(fact.shape))
        .with("datum_type", text(debug_name(fact.dtype)));
  }

  Expr spelled() {
    const Spelling* spelling = find_spelling(*node_->op);
    auto expression = spelling != nullptr ? spelling->spell(*node_->op, *this) : std::nullopt;
    if (!expression) {
      throw Error(ErrorCode::kUnsupported,
                  "the node " + excerpt(node_->name) + ": no primitive of NNEF says " + std::string(node_->op->name()) +
                      (node_->op->attributes().empty() ? "" : " (" + node_->op->attributes() + ")"));
    }
    return std::move(*expression);
  }

  // A literal becomes a tensor by an operator only.
  void add_tensor(Outlet outlet, DType type, Expr value) {
    if (type == DType::kDim) value = call("tract_core_cast", {std::move(value)}).with("to", dtype(type));
    add_line({names_.of(outlet)}, std::move(value));
  }

  // There is no type for dimensions in a file.
  void add_constant(Outlet outlet, const Constant& value) {
    if (value.dtype() == DType::kDim && value.shape().elements() > 0) {
      return add_tensor(outlet, DType::kDim, *inline_constant(value, options_.inline_elements));
    }
    const std::string label = names_.label(*node_, outlet);
    try {
      archive_.add(label + ".dat", write_dat(value, label));
    } catch (const Error& error) {
      throw Error(ErrorCode::kUnsupported, "the constant " + excerpt(node_->name) + ": " + error.what());
    }
    const auto dims = value.shape().dims();
    Expr variable = call("variable", {})
                        .with("label", text(label))
                        .with("shape", integers(std::vector<std::int64_t>(dims.begin(), dims.end())));
    variable.generic = "scalar";
    add_line({names_.of(outlet)}, std::move(variable));
  }

  void add_outputs() {
    for (const Output& output : model_.outputs()) {
      if (names_.of(output.outlet) != output.name) add_line({output.name}, identifier(names_.of(output.outlet)));
      document_.graph.results.push_back(output.name);
    }
  }

  Fragment properties() const {
    std::vector<Expr> items;
    const auto add = [&](std::string_view name, std::string_view value) {
      items.push_back(tuple({text(name), text(value)}));
    };
    for (const auto& [name, value] : model_.properties) add(name, value);
    add("tract_nnef_ser_version", kSerialisation);
    add("tract_nnef_format_version", "beta1");
    Fragment fragment;
    fragment.name = "tract_core_properties";
    fragment.results.push_back({"properties", "(string, tensor<scalar>)[]", {}, {}});
    fragment.body.push_back({Assignment::Form::kOne, {"properties"}, list(std::move(items)), {}});
    return fragment;
  }

  void note_registries(const Expr& expr) {
    if (expr.kind == Expr::Kind::kCall) {
      const Primitive* primitive = find_primitive(expr.text);
      KVPROOF_CHECK(primitive != nullptr);
      if (!primitive->registry.empty()) registries_.emplace(primitive->registry);
    }
    for (const Expr& item : expr.items) note_registries(item);
  }

  // Symbols stand in front of the assertions on them: to declare a symbol that is known already makes another one.
  void add_extensions() {
    registries_.emplace("tract_core");
    for (const std::string& name : registries_) document_.extensions.push_back({"tract_registry", name, {}});
    for (const std::string& name : names_.symbols()) document_.extensions.push_back({"tract_symbol", name, {}});
    std::set<std::string> assertions;
    for (const Assertion& a : model_.assertions()) {
      assertions.insert(a.scenario.empty() ? a.text : a.scenario + ": " + a.text);
    }
    for (const std::string& text : assertions) document_.extensions.push_back({"tract_assert", text, {}});
  }

  const Model& model_;
  const WriteOptions& options_;
  const std::vector<NodeId> nodes_;
  Names names_;
  Archive archive_;
  Document document_;
  std::set<std::string> registries_;
  const Node* node_ = nullptr;
};

}  // namespace

Archive write_model(const Model& model, const WriteOptions& options) { return Writer(model, options).write(); }

}  // namespace kvproof
