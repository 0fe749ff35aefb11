// Spellings of strategies: what is read, what is refused and in which words.
#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/cache/builtin_strategies.h"
#include "engine/cache/plugin.h"
#include "engine/cache/tests/support.h"

namespace kvproof {
namespace {

std::string spec_refusal(const std::string& spec) {
  return error_of(ErrorCode::kUsage, [&] { parse_spec(spec); });
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << word << " in: " << message;
}

TEST(Spec, TakesDefaultsForWhatIsNotGiven) {
  const Params params = parse_spec("window:w=9");
  EXPECT_EQ(params["w"], 9);
  EXPECT_EQ(params.choice("dtype"), "f32");
  EXPECT_EQ(parse_spec("window")["w"], 1024);
}

TEST(Spec, NamesTheValueAndWhatWasExpected) {
  expect_words(spec_refusal("windw"), {"'windw'", "unknown", "concat", "window"});
  expect_words(spec_refusal(""), {"''", "unknown", "window"});
  expect_words(spec_refusal(":w=3"), {"':w=3'", "unknown"});
  expect_words(spec_refusal("Window"), {"'Window'", "unknown"});
  expect_words(spec_refusal("window:x=3"), {"'x=3'", "w, dtype"});
  expect_words(spec_refusal("window:w"), {"'w'", "key=value"});
  expect_words(spec_refusal("window:=3"), {"'=3'", "w, dtype"});
  expect_words(spec_refusal("window:w=3,,dtype=f16"), {"''", "key=value"});
  expect_words(spec_refusal("window:w=3,"), {"''", "commas", "key=value"});
  expect_words(spec_refusal("window:,"), {"''", "commas", "key=value"});
  expect_words(spec_refusal("window:w=3,w=4"), {"w", "twice"});
  expect_words(spec_refusal("window:w=0"), {"w='0'", "from 1 to 16777216"});
  expect_words(spec_refusal("window:w=16777217"), {"w='16777217'", "from 1 to 16777216"});
  expect_words(spec_refusal("window:w=-1"), {"w='-1'", "from 1"});
  expect_words(spec_refusal("window:w=99999999999999999999"), {"'99999999999999999999'", "whole number"});
  expect_words(spec_refusal("window:w="), {"w=''", "whole number"});
  expect_words(spec_refusal("window:w=3x"), {"w='3x'", "whole number"});
  expect_words(spec_refusal("window:w= 3"), {"w=' 3'", "whole number"});
  expect_words(spec_refusal("window:w=+3"), {"w='+3'", "whole number"});
  expect_words(spec_refusal("window:dtype=f64"), {"dtype='f64'", "f32 f16 bf16"});
  expect_words(spec_refusal("window:dtype="), {"dtype=''", "f32 f16 bf16"});
  expect_words(spec_refusal("window:dtype=f32 f16"), {"dtype='f32 f16'"});
  expect_words(spec_refusal("kivi:bits=3"), {"bits='3'", "8 4 2"});
  expect_words(spec_refusal("kivi:group=4,residual=6"), {"group=4,residual=6", "multiple of group"});
}

TEST(Spec, ReadsBackItsCanonicalSpelling) {
  for (const Strategy* strategy : builtin_strategies()) {
    Random random(hash_name(strategy->name));
    for (int round = 0; round < 200; ++round) {
      Params params(*strategy);
      for (const Param& p : strategy->parameters()) params.set(p.name, random.integer(p.small_min, p.small_max));
      if (strategy->refuses && strategy->refuses(params)) continue;
      const std::string spec = canonical_spec(params);
      const Params back = parse_spec(spec);
      EXPECT_EQ(canonical_spec(back), spec);
      for (const Param& p : strategy->parameters()) EXPECT_EQ(back[p.name], params[p.name]) << spec;
    }
  }
}

TEST(Spec, SpellsTheSameCacheInOneWay) {
  EXPECT_EQ(canonical_spec(parse_spec("window:dtype=f16,w=8")), "window:w=8,dtype=f16");
  EXPECT_EQ(canonical_spec(parse_spec("window:dtype=f32")), "window:w=1024");
  EXPECT_EQ(canonical_spec(parse_spec("concat")), "concat");
  EXPECT_EQ(canonical_spec(parse_spec("kivi:bits=4")), "kivi:bits=4,group=64,residual=64");
}

TEST(Spec, ChecksNamesAndRangesOfParameters) {
  const ThrowingChecks checks;
  Params params = parse_spec("window:w=9");
  EXPECT_THROW((void)params["s"], CheckFailed);
  EXPECT_THROW((void)params.choice("w"), CheckFailed);
  EXPECT_THROW(params.set("w", 0), CheckFailed);
  EXPECT_EQ(params["w"], 9);
}

TEST(MakeCache, RefusesImpossibleGeometries) {
  for (const Geometry& g : {Geometry{.batch = 0}, Geometry{.d = 0}, Geometry{.dv = -1}, Geometry{.kv_heads = 0},
                            Geometry{.q_heads = 3, .kv_heads = 2}, Geometry{.d = (1 << 20) + 1}}) {
    for (const std::string& spec : kSpecs) {
      EXPECT_NE(error_of(ErrorCode::kUsage, [&] { (void)make_cache(spec, g); }), "") << str(g) << " " << spec;
    }
  }
}

TEST(MakeCache, TakesNoMemoryBeforeTheFirstRow) {
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  for (const std::string& spec : kSpecs) {
    const auto cache =
        make_cache(spec, {.batch = 1, .q_heads = 1 << 10, .kv_heads = 1 << 10, .d = 1 << 20, .dv = 1 << 20});
    EXPECT_EQ(cache->seen_tokens(), 0);
    EXPECT_EQ(account->counters().live_bytes, 0) << spec;
  }
}

TEST(AddStrategies, RefusesNamesThatAreTakenOrNoWords) {
  Strategy copy = *find_strategy("window");
  const Strategy* const list[] = {&copy};
  for (const auto& [name, why] :
       {std::pair("window", "taken"), {"", "lower-case"}, {"Big", "lower-case"}, {"a b", "lower-case"}}) {
    copy.name = name;
    expect_words(error_of(ErrorCode::kUsage, [&] { add_strategies(list); }), {std::string("'") + name + "'", why});
  }
  copy.name = nullptr;
  EXPECT_NE(error_of(ErrorCode::kUsage, [&] { add_strategies(list); }), "");
}

TEST(AddStrategies, AddsAllOrNone) {
  static Strategy first = *find_strategy("window");
  first.name = "added_by_a_test";
  const Strategy second = *find_strategy("window");
  const Strategy* const list[] = {&first, &second};
  const std::size_t before = all_strategies().size();
  EXPECT_NE(error_of(ErrorCode::kUsage, [&] { add_strategies(list); }), "");
  EXPECT_EQ(all_strategies().size(), before);
  const Strategy* const twice[] = {&first, &first};
  EXPECT_NE(error_of(ErrorCode::kUsage, [&] { add_strategies(twice); }), "");
  EXPECT_EQ(all_strategies().size(), before);
}

TEST(Plugin, NamesAFileThatIsMissingOrNoPlugIn) {
  const std::string missing = ::testing::TempDir() + "kvproof_no_such_plugin.so";
  expect_words(error_of(ErrorCode::kNotFound, [&] { load_plugin(missing); }), {missing});
  const std::string text = ::testing::TempDir() + "kvproof_text_plugin.so";
  std::FILE* file = std::fopen(text.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("not a shared object", file);
  std::fclose(file);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    SCOPED_TRACE(attempt);
    expect_words(error_of(ErrorCode::kMalformed, [&] { load_plugin(text); }), {text, "not a plug-in"});
  }
  std::remove(text.c_str());
}

}  // namespace
}  // namespace kvproof
