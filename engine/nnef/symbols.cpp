// The symbols that a text will name.
#include "engine/nnef/lexer.h"
#include "engine/nnef/names.h"
#include "engine/nnef/registry.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

// Spells nodes without names of tensors, so that what names there are in a call are symbols.
class Survey final : public Speller {
 public:
  Survey(const Model& model, std::set<std::string>& symbols) : model_(model), symbols_(symbols) {}

  void look_at(NodeId id) {
    node_ = &model_.node(id);
    const Spelling* spelling = find_spelling(*node_->op);
    if (spelling == nullptr) return;
    if (const auto call = spelling->spell(*node_->op, *this)) collect(*call);
  }

  const Model& model() const override { return model_; }
  const Node& node() const override { return *node_; }
  Expr input(int) override { return integer(0); }

 private:
  void collect(const Expr& expr) {
    if (expr.kind == Expr::Kind::kIdentifier) symbols_.insert(expr.text);
    for (const Expr& item : expr.items) collect(item);
  }

  const Model& model_;
  std::set<std::string>& symbols_;
  const Node* node_ = nullptr;
};

}  // namespace

std::set<std::string> symbols_of(const Model& model, const std::vector<NodeId>& nodes) {
  std::set<std::string> symbols(model.symbols().begin(), model.symbols().end());
  const auto collect = [&](const std::vector<Dim>& dims) {
    for (const Dim& dim : dims) symbols.merge(dim.symbols());
  };
  Survey survey(model, symbols);
  for (const NodeId id : nodes) {
    if (const auto* source = model.op_as<InputOp>(id)) collect(source->fact().shape);
    if (const auto* dims = model.op_as<DimsOp>(id)) collect(dims->values);
    survey.look_at(id);
  }
  for (const Assertion& assertion : model.assertions()) {
    Lexer lexer(assertion.text);
    for (Token token = lexer.next(); token.kind != Token::Kind::kEnd; token = lexer.next()) {
      if (token.kind == Token::Kind::kIdentifier) symbols.insert(token.text);
    }
  }
  return symbols;
}

}  // namespace kvproof::nnef
