// Einsum against plain loops over every letter.
#include <tbb/task_arena.h>

#include <map>

#include "engine/ops/tests/product_support.h"

namespace kvproof {
namespace {

Shape shape_of(const std::string& letters, const std::map<char, std::int64_t>& sizes) {
  Coordinates dims;
  for (const char c : letters) dims.push_back(sizes.at(c));
  return Shape(dims);
}

void check(const std::string& expr, DType dtype, Random& random, std::int64_t low = 1, std::int64_t high = 4) {
  const std::size_t arrow = expr.find("->"), comma = std::min(expr.find(','), arrow);
  std::map<char, std::int64_t> sizes;
  for (const char c : expr) sizes[c] = random.integer(low, high);
  const auto operand = [&](const std::string& letters) {
    std::map<char, std::int64_t> own = sizes;
    for (auto& [letter, size] : own) size = random.integer(0, 7) == 0 ? 1 : size;  // broadcasts now and then
    return random_factor(dtype, shape_of(letters, own), random);
  };
  std::vector<Value> inputs = {operand(expr.substr(0, comma))};
  if (comma < arrow) inputs.push_back(operand(expr.substr(comma + 1, arrow - comma - 1)));
  const Value out = run(Einsum(expr), inputs);
  expect_einsum(expr, inputs[0], inputs.size() == 2 ? &inputs[1] : nullptr, out);
}

TEST(Einsum, EqualsPlainLoopsForTheExpressionsOfAttention) {
  Random random(1);
  const char* expressions[] = {"bhgmk,bhgnk->bhgmn", "bhgmn,bhgnv->bhgmv", "bmk,bnk->bmn",  "bshd,bthd->bhst",
                               "bhst,bthd->bshd",    "bhmk,bhkn->bhmn",    "mk,kn->mn",     "mk,nk->nm",
                               "km,kn->mn",          "abk,kn->abn",        "bsk,hkd->bhsd", "xa,xb->xab"};
  for (int round = 0; round < 240; ++round) {
    const DType types[] = {DType::kF32, DType::kF16, DType::kF64, DType::kI32};
    check(expressions[round % 12], types[round / 12 % 4], random);
    if (HasFatalFailure()) return;
  }
}

TEST(Einsum, EqualsPlainLoopsForRandomExpressions) {
  Random random(2);
  const std::string alphabet = "abcdef";
  const auto draw = [&](int rank) {
    std::string rest = alphabet, letters;
    for (int i = 0; i < rank; ++i) {
      const std::size_t at = std::size_t(random.integer(0, std::int64_t(rest.size()) - 1));
      letters += rest[at];
      rest.erase(at, 1);
    }
    return letters;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string a = draw(int(random.integer(0, 4))), b = draw(int(random.integer(0, 4)));
    std::string result;
    for (const char c : draw(6)) {
      const bool there = (a + b).find(c) != std::string::npos;
      if (there && random.integer(0, 3) > 0) result += c;
    }
    check(a + "," + b + "->" + result, round % 3 == 0 ? DType::kBF16 : DType::kF32, random, round % 5 == 0 ? 0 : 1, 3);
    if (HasFatalFailure()) return;
  }
}

TEST(Einsum, OneOperandIsTransposedOrSummed) {
  Random random(3);
  for (const char* expr : {"abc->cab", "abc->ca", "abc->", "ab->a", "a->a", "->"}) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kI8, DType::kF64}) {
      check(expr, dtype, random, 0, 5);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Einsum, HasTheSameBitsForAnyNumberOfThreads) {
  Random random(4);
  const Value a = random_factor(DType::kF16, {1, 70, 8, 64}, random),
              b = random_factor(DType::kF16, {1, 700, 8, 64}, random);
  Value one, two;
  tbb::task_arena(1).execute([&] { one = run(Einsum("bshd,bthd->bhst"), {a, b}); });
  tbb::task_arena(2).execute([&] { two = run(Einsum("bshd,bthd->bhst"), {a, b}); });
  EXPECT_TRUE(same_bytes(one, two));
}

TEST(Einsum, ItsShapeKeepsSymbols) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  const Fact q(DType::kF32, {1, 2, 4, s, 64}), k(DType::kF32, {1, 2, 1, p + s, 64});
  EXPECT_EQ(fact_of(Einsum("bhgmk,bhgnk->bhgmn"), {q, k}).str(), "f32[1,2,4,S,P + S]");
  EXPECT_EQ(fact_of(Einsum("bhgmk->bm"), {q}).str(), "f32[1,S]");
}

TEST(Einsum, RefusesAnExpressionThatIsNone) {
  for (const char* expr :
       {"", "ab", "ab,bc", "ab,bc,cd->ad", "aab->ab", "ab->aa", "ab->ac", "a b->ab", "a1->a", "...a->a"}) {
    SCOPED_TRACE(expr);
    error_of(ErrorCode::kMalformed, [&] { Einsum op(expr); });
  }
}

TEST(Einsum, RefusesWhatDoesNotFit) {
  const Fact a(DType::kF32, {2, 3}), b(DType::kF32, {4, 5});
  expect_mismatch([&] { fact_of(Einsum("ab,bc->ac"), {a, b}); }, {"'b'", "3 and 4"});
  expect_mismatch([&] { fact_of(Einsum("abc->ac"), {a}); }, {"f32[2,3]", "'abc'"});
  expect_mismatch([&] { fact_of(Einsum("ab->ba"), {a, b}); }, {"2 inputs"});
  expect_mismatch([&] { fact_of(Einsum("ab,bc->ac"), {a, Fact(DType::kF16, {3, 5})}); }, {"one type"});
}

}  // namespace
}  // namespace kvproof
