#include "properties/support/random_graph.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/base/error.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/ops/product.h"
#include "engine/ops/reduce.h"

namespace kvproof {
namespace {

constexpr std::int64_t kMostElements = 4096;  // of one tensor, at the sizes below
const Bindings kTypical = {{"S", 5}, {"P", 20}};

// Grows a model one node at a time. A maker draws an operator and its inputs without asking whether they fit: what the
// operator refuses is drawn again.
class Grower {
 public:
  Grower(Random& random, States states) : random_(random), states_(states) {
    const Dim s = Dim::symbol("S");
    model_.declare_symbol("S");
    if (states == States::kCaches) model_.declare_symbol("P");
    keep(model_.add_input("x", Fact(DType::kF32, {1, s, 8})));
    keep(model_.add_input("y", Fact(DType::kF32, {1, 4, s, 8})));
    keep(model_.add_input("z", Fact(DType::kF32, {1, 2, s, 8})));
    keep(ids_ = model_.add_input("ids", Fact(DType::kI64, {1, s})));
    keep(model_.add_input("seen", Fact(DType::kBool, {1, s})));
  }

  Model grow(int nodes) {
    for (int tries = 0; model_.node_count() < nodes && tries < 40 * nodes; ++tries) {
      const Maker maker = states_ == States::kCaches && one_in(6) ? any(kStateful) : any(kStateless);
      try {
        const Outlet made = (this->*maker)();
        if (made.node >= 0) keep(made);
      } catch (const Error&) {  // it does not fit
      }
    }
    int outputs = 0;
    for (const Outlet o : outlets_) {
      if (model_.consumers(o).empty() && !model_.op_as<InputOp>(o.node)) {
        model_.add_output("out_" + std::to_string(outputs++), o);
      }
    }
    model_.remove_dead();
    return std::move(model_);
  }

 private:
  using Maker = Outlet (Grower::*)();

  std::int64_t below(std::int64_t n) { return random_.integer(0, n - 1); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  T any(const std::array<T, N>& of) {
    return of[std::size_t(below(N))];
  }

  Outlet add(OpPtr op, std::initializer_list<Outlet> inputs) {
    const Outlet made = model_.add(model_.free_name("n"), std::move(op), inputs);
    if (model_.fact(made).shape_under(kTypical).elements() <= kMostElements) return made;
    model_.remove(made.node);
    return {};
  }
  void keep(Outlet o) { outlets_.push_back(o); }

  // Newer outlets are likelier, so that graphs grow deep.
  Outlet pick() {
    const std::int64_t n = std::int64_t(outlets_.size());
    return outlets_[std::size_t(std::max(below(n), below(n)))];
  }
  template <class Wanted>
  Outlet pick(const Wanted& wanted) {
    for (int tries = 0; tries < 20; ++tries) {
      const Outlet o = pick();
      if (wanted(model_.fact(o))) return o;
    }
    throw Error(ErrorCode::kMismatch, "nothing of the kind has grown yet");
  }
  Outlet pick_f32() {
    return pick([](const Fact& f) { return f.dtype == DType::kF32; });
  }
  Outlet pick_like(Outlet other) {
    return pick([&](const Fact& f) { return f.same_kind(model_.fact(other)); });
  }
  int axis_of(Outlet o) {
    const int rank = model_.fact(o).rank();
    return rank == 0 ? 0 : int(below(rank));
  }
  Dim size(Outlet o, int axis) const {  // 0 beyond the rank
    const std::vector<Dim>& shape = model_.fact(o).shape;
    return axis < int(shape.size()) ? shape[std::size_t(axis)] : Dim();
  }
  std::int64_t known_size(Outlet o, int axis) const { return size(o, axis).integer().value_or(0); }

  Tensor numbers(const Shape& shape) {
    Tensor result(DType::kF32, shape);
    for (std::int64_t i = 0; i < shape.elements(); ++i) result.as<float>()[i] = float(random_.normal());
    return result;
  }

  Outlet constant() {
    const Shape shape = any(std::array<Shape, 5>{Shape{}, Shape{1}, Shape{3}, Shape{8, 6}, Shape{10, 8}});
    if (one_in(4)) {
      Tensor integers(any(std::array{DType::kI64, DType::kDim}), shape);
      for (std::int64_t i = 0; i < shape.elements(); ++i) integers.as<std::int64_t>()[i] = below(4);
      return model_.add_constant(model_.free_name("c"), std::move(integers));
    }
    Tensor wide = numbers(shape);
    if (one_in(3)) wide = to_dtype(wide, DType::kF16);
    return model_.add_constant(model_.free_name("c"), std::move(wide));
  }
  Outlet unary() {
    const UnaryFn fn = any(std::array{UnaryFn::kNeg, UnaryFn::kAbs, UnaryFn::kSqr, UnaryFn::kSin, UnaryFn::kCos,
                                      UnaryFn::kTanh, UnaryFn::kSigmoid, UnaryFn::kSilu, UnaryFn::kGeluApprox,
                                      UnaryFn::kFloor, UnaryFn::kExp, UnaryFn::kNot});
    return add(std::make_shared<Unary>(fn), {pick()});
  }
  Outlet binary() {
    const BinaryFn fn = any(std::array{BinaryFn::kAdd, BinaryFn::kSub, BinaryFn::kMul, BinaryFn::kMin, BinaryFn::kMax,
                                       BinaryFn::kLt, BinaryFn::kGe, BinaryFn::kEq, BinaryFn::kAnd});
    const Outlet a = pick();
    return add(std::make_shared<Binary>(fn), {a, pick_like(a)});
  }
  Outlet scaled() {
    const Outlet factor = model_.add_constant(model_.free_name("c"), numbers({}));
    return add(std::make_shared<Binary>(BinaryFn::kMul), {pick_f32(), factor});
  }
  Outlet cast() {
    return add(
        std::make_shared<Cast>(any(std::array{DType::kF32, DType::kF16, DType::kF64, DType::kI64, DType::kBool})),
        {pick()});
  }
  Outlet select() {
    const Outlet a = pick_f32(), b = pick_like(a);
    const Outlet condition = add(std::make_shared<Binary>(BinaryFn::kLt), {a, b});
    return condition.node < 0 ? condition : add(std::make_shared<Select>(), {condition, b, a});
  }
  Outlet unsqueeze() {
    const Outlet x = pick();
    return add(std::make_shared<Unsqueeze>(int(below(model_.fact(x).rank() + 1))), {x});
  }
  Outlet squeeze() {
    const Outlet x = pick();
    const int axis = axis_of(x);
    return known_size(x, axis) == 1 ? add(std::make_shared<Squeeze>(axis), {x}) : Outlet();
  }
  Outlet transpose() {
    const Outlet x = pick();
    std::vector<int> axes;
    for (int i = 0; i < model_.fact(x).rank(); ++i) axes.insert(axes.begin() + below(i + 1), i);
    return add(std::make_shared<Transpose>(std::move(axes)), {x});
  }
  Outlet reshape() {  // merges two axes, or cuts an even one in two
    const Outlet x = pick();
    std::vector<Dim> shape = model_.fact(x).shape;
    if (shape.empty()) return {};
    const int axis = axis_of(x);
    const auto at = shape.begin() + axis;
    if (axis + 1 < int(shape.size()) && one_in(2)) {
      *at = *at * at[1];
      shape.erase(at + 1);
    } else {
      const std::int64_t n = known_size(x, axis);
      if (n == 0 || n % 2 != 0) return {};
      *at = 2;
      shape.insert(at + 1, n / 2);
    }
    return add(std::make_shared<Reshape>(std::move(shape)), {x});
  }
  Outlet concat() {
    const Outlet a = pick();
    return add(std::make_shared<Concat>(axis_of(a)), {a, pick_like(a)});
  }
  Outlet slice() {
    const Outlet x = pick();
    const int axis = axis_of(x);
    const std::int64_t n = known_size(x, axis);
    if (n == 0) return add(std::make_shared<Slice>(axis, (size(x, axis) + 1) / 2, size(x, axis)), {x});
    const std::int64_t begin = below(n);
    return add(std::make_shared<Slice>(axis, begin, random_.integer(begin, n), random_.integer(1, 2)), {x});
  }
  Outlet gather() {
    const Outlet table = model_.add_constant(model_.free_name("c"), numbers({10, 4}));
    return add(std::make_shared<Gather>(0), {table, ids_});
  }
  Outlet tile() {
    const Outlet x = pick();
    std::vector<Dim> repeats(std::size_t(model_.fact(x).rank()), Dim(1));
    if (repeats.empty()) return {};
    repeats[std::size_t(axis_of(x))] = 2;
    return add(std::make_shared<Tile>(std::move(repeats)), {x});
  }
  Outlet broadcast() {
    const Outlet x = pick();
    std::vector<Dim> shape = model_.fact(x).shape;
    shape.insert(shape.begin(), 2);
    return add(std::make_shared<Broadcast>(std::move(shape)), {x});
  }
  Outlet range() {
    const Outlet r = add(std::make_shared<Range>(below(3), Dim::symbol("S") + 3, random_.integer(1, 2)), {});
    return one_in(2) ? r : add(std::make_shared<Cast>(DType::kF32), {r});
  }
  Outlet trilu() {
    return add(std::make_shared<Trilu>(one_in(2) ? Trilu::Keep::kUpper : Trilu::Keep::kLower, random_.integer(-2, 2)),
               {pick()});
  }
  Outlet shape_arithmetic() {
    const Outlet shape = add(std::make_shared<ShapeOf>(), {pick()});
    if (shape.node < 0 || known_size(shape, 0) == 0) return {};
    const std::int64_t i = below(known_size(shape, 0));
    const Outlet one = add(std::make_shared<Slice>(0, i, i + 1), {shape});
    return add(std::make_shared<Binary>(any(std::array{BinaryFn::kAdd, BinaryFn::kMul, BinaryFn::kMax})), {one, one});
  }
  Outlet along_an_axis() {
    const Outlet x = pick_f32();
    const int axis = axis_of(x);
    if (one_in(3)) return add(std::make_shared<Softmax>(std::vector<int>{axis}), {x});
    if (one_in(2)) return add(std::make_shared<RmsNorm>(axis, 1e-5f), {x});
    // An axis that may be empty has no largest element.
    const std::array of_some = {ReduceFn::kSum, ReduceFn::kMean, ReduceFn::kMax, ReduceFn::kMin};
    const ReduceFn fn = known_size(x, axis) > 0 ? any(of_some) : ReduceFn::kSum;
    return add(std::make_shared<Reduce>(fn, std::vector<int>{axis}), {x});
  }
  Outlet masked_softmax() {
    const Outlet x = pick_f32();
    return add(std::make_shared<ScaledMaskedSoftmax>(0.5f, false), {x, pick_like(x)});
  }
  Outlet matmul() {
    const Outlet a = pick_f32();
    const int rank = model_.fact(a).rank();
    if (rank < 2) return {};
    const std::int64_t k = known_size(a, rank - 1);
    if (k == 0) return {};
    if (one_in(2)) {
      Tensor half = to_dtype(numbers({random_.integer(1, 6), k}), DType::kF16);
      return add(std::make_shared<Linear>(), {a, model_.add_constant(model_.free_name("w"), std::move(half))});
    }
    std::vector<std::int64_t> shape(std::size_t(rank), 1);
    shape[std::size_t(rank - 1)] = k;
    shape[std::size_t(rank - 2)] = random_.integer(1, 6);
    const Outlet weight = model_.add_constant(model_.free_name("w"), numbers(Shape(shape)));
    return add(std::make_shared<MatMul>(false, true), {a, weight});
  }
  Outlet einsum() {
    const Outlet a = pick([](const Fact& f) { return f.dtype == DType::kF32 && f.rank() == 3; });
    return add(std::make_shared<Einsum>(one_in(2) ? "abc,abd->acd" : "abc,aec->abe"), {a, pick_like(a)});
  }
  Outlet rope() {
    const Outlet x = pick([](const Fact& f) {
      return f.dtype == DType::kF32 && f.rank() > 0 && f.shape.back().integer().value_or(1) % 2 == 0;
    });
    return add(std::make_shared<ApplyRope>(), {x, pick_like(x), pick_like(x)});
  }
  Outlet sdpa() {
    const Outlet x = pick([](const Fact& f) { return f.dtype == DType::kF32 && (f.rank() == 3 || f.rank() == 4); });
    return add(std::make_shared<Sdpa>(SdpaOptions{.causal = one_in(2), .softcap = one_in(4) ? 3.f : 0.f}),
               {x, pick_like(x), pick_like(x)});
  }

  // What exporters write for one operator each, for rules to find.
  Outlet spelled_rope() {
    const Outlet x = pick_f32(), cos = pick_like(x), sin = pick_like(x);
    const int last = model_.fact(x).rank() - 1;
    const std::int64_t n = last < 0 ? 0 : known_size(x, last);
    if (n == 0 || n % 2 != 0) return {};
    const Outlet front = add(std::make_shared<Slice>(last, 0, n / 2), {x});
    const Outlet back =
        add(std::make_shared<Unary>(UnaryFn::kNeg), {add(std::make_shared<Slice>(last, n / 2, n), {x})});
    const Outlet rotated = add(std::make_shared<Concat>(last), {back, front});
    const Outlet a = add(std::make_shared<Binary>(BinaryFn::kMul), {x, cos});
    const Outlet b = add(std::make_shared<Binary>(BinaryFn::kMul), {sin, rotated});
    return add(std::make_shared<Binary>(BinaryFn::kAdd), {a, b});
  }
  Outlet spelled_softmax() {
    const Outlet x = pick_f32(), mask = pick_like(x);
    const int rank = model_.fact(x).rank();
    if (rank == 0) return {};
    Tensor factor(DType::kF32, Shape(std::vector<std::int64_t>(std::size_t(rank), 1)));
    factor.as<float>()[0] = 0.5f;
    const Outlet scale = model_.add_constant(model_.free_name("c"), std::move(factor));
    const Outlet scaled = add(std::make_shared<Binary>(BinaryFn::kMul), {x, scale});
    const Outlet masked = add(std::make_shared<Binary>(BinaryFn::kAdd), {scaled, mask});
    return add(std::make_shared<Softmax>(std::vector<int>{rank - 1}), {masked});
  }
  Outlet repeated(Outlet cache) {  // [1,2,T,8] -> [1,4,T,8], each head twice
    const Dim tokens = size(cache, 2);
    const Outlet wide = add(std::make_shared<Unsqueeze>(2), {cache});
    const Outlet twice = add(std::make_shared<Broadcast>(std::vector<Dim>{1, 2, 2, tokens, 8}), {wide});
    return add(std::make_shared<Reshape>(std::vector<Dim>{1, 4, tokens, 8}), {twice});
  }
  Outlet cached_attention() {
    const Outlet q = queries();
    Outlet keys = dyn_cache(), values = dyn_cache();
    if (one_in(2)) {
      keys = repeated(keys);
      values = repeated(values);
    }
    return add(std::make_shared<Sdpa>(SdpaOptions{.scale = 0.25f, .causal = one_in(2)}), {q, keys, values});
  }

  // New rows of one head group: an outlet of the shape of the input z.
  Outlet rows() {
    const Dim s = Dim::symbol("S");
    return pick([&](const Fact& f) { return f.same_kind(Fact(DType::kF32, {1, 2, s, 8})); });
  }
  CacheSite site(std::string name) const {
    const Dim s = Dim::symbol("S"), p = Dim::symbol("P");
    return {std::move(name), 2, Fact(DType::kF32, {1, 2, p, 8}), Fact(DType::kF32, {1, 2, s, 8})};
  }
  Outlet dyn_cache() { return add(std::make_shared<DynKvCache>(site(model_.free_name("kv"))), {rows()}); }
  Outlet quantized_cache() {
    using Scales = QuantizedDynKvCache::Scales;
    return add(std::make_shared<QuantizedDynKvCache>(site(model_.free_name("kv")), one_in(2) ? 4 : 8,
                                                     one_in(2) ? Scales::kPerToken : Scales::kPerChannel),
               {rows()});
  }
  Outlet queries() {
    return pick([](const Fact& f) { return f.same_kind(Fact(DType::kF32, {1, 4, Dim::symbol("S"), 8})); });
  }
  Outlet kv_sdpa() {
    const Outlet q = queries();
    KvSdpa::Options options;
    options.strategy = any(std::array<const char*, 6>{"concat", "in_place", "window:w=3", "sinks:s=1,w=4",
                                                      "kivi:bits=8,group=8,residual=8", "h2o:heavy=3,recent=2"});
    if (one_in(3)) options.attention.softcap = 5;
    if (one_in(3)) options.attention.scale = 0.25f;
    options.past = "P";
    return add(std::make_shared<KvSdpa>(std::move(options)), {q, rows(), rows()});
  }

  static constexpr std::array<Maker, 28> kStateless = {
      &Grower::constant,      &Grower::unary,          &Grower::unary,        &Grower::binary,
      &Grower::binary,        &Grower::scaled,         &Grower::cast,         &Grower::select,
      &Grower::unsqueeze,     &Grower::squeeze,        &Grower::transpose,    &Grower::reshape,
      &Grower::concat,        &Grower::slice,          &Grower::gather,       &Grower::tile,
      &Grower::broadcast,     &Grower::range,          &Grower::trilu,        &Grower::shape_arithmetic,
      &Grower::along_an_axis, &Grower::masked_softmax, &Grower::matmul,       &Grower::einsum,
      &Grower::rope,          &Grower::sdpa,           &Grower::spelled_rope, &Grower::spelled_softmax};
  static constexpr std::array<Maker, 4> kStateful = {&Grower::dyn_cache, &Grower::quantized_cache, &Grower::kv_sdpa,
                                                     &Grower::cached_attention};

  Random& random_;
  States states_;
  Model model_;
  Outlet ids_;
  std::vector<Outlet> outlets_;
};

}  // namespace

Model random_graph(Random& random, int nodes, States states) { return Grower(random, states).grow(nodes); }

std::vector<Value> random_inputs(const Model& model, std::int64_t tokens, Random& random) {
  std::vector<Value> result;
  for (const NodeId id : model.inputs()) {
    const Fact& fact = model.fact({id});
    Tensor tensor(fact.dtype, fact.shape_under({{"S", tokens}, {"P", 0}}));
    for (std::int64_t i = 0; i < tensor.shape().elements(); ++i) {
      if (fact.dtype == DType::kF32) {
        tensor.as<float>()[i] = float(random.normal());
      } else if (fact.dtype == DType::kI64) {
        tensor.as<std::int64_t>()[i] = random.integer(0, 9);
      } else {
        KVPROOF_CHECK(fact.dtype == DType::kBool);
        tensor.as<bool>()[i] = random.integer(0, 1) != 0;
      }
    }
    result.emplace_back(std::move(tensor));
  }
  return result;
}

}  // namespace kvproof
