#!/usr/bin/env python3
"""Writes random C++ source: models of coroutines that use what C++ has to hold and pass values.

    generate.py --seed SEED --first NUMBER --count COUNT --output FILE

Each model is a namespace of its own with a struct of shared things, some statics, two or three
tasks and a coroutine that gathers them and ends with one number made of all that can be seen. The
same seed and number give the same model, whatever else is in the file.
"""

import argparse
import random

# Shared things: how each is declared, the expressions that read it as an int, and the statements
# that write it ({} stands for an int expression). See values.hpp.
THINGS = {
    "number": ("int number = 0;", ["s.number"], ["s.number = {} % 5;", "s.number += 1;"]),
    "small": (
        "signed char small = 0; signed char beside = 0;",
        ["s.small", "s.beside"],
        ["s.small = static_cast<signed char>({} % 3);",
         "s.beside = static_cast<signed char>({} % 3);"]),
    "bits": (
        "Bits bits;",
        ["static_cast<int>(s.bits.low)", "static_cast<int>(s.bits.high + s.bits.flag)",
         "s.bits.next"],
        ["s.bits.low = static_cast<unsigned>({}) & 7u;",
         "s.bits.high = static_cast<unsigned>({}) & 3u;",
         "s.bits.flag = !s.bits.flag;", "s.bits.next = {} % 3;"]),
    "pair": (
        "Pair pair;",
        ["sum(s.pair)", "s.pair.b", "bytes_equal(s.pair, Pair{1, 1})", "plain_sum(s.pair)"],
        ["s.pair = pair_of({});", "s.pair.a = {} % 3;", "plain_store(s.pair, {});"]),
    "three": ("Three three;", ["sum(s.three)"], ["s.three = three_of({});"]),
    "wide": ("Wide wide;", ["sum(s.wide)", "static_cast<int>(s.wide.b)"],
             ["s.wide = wide_of({});", "s.wide.b = {} % 3;"]),
    "padded": ("Padded padded;", ["sum(s.padded)"],
               ["s.padded = padded_of({});", "s.padded.flag = {} % 2 == 1;"]),
    "array": ("std::array<int, 3> array{};", ["sum(s.array)"], ["s.array[1] = {} % 3;"]),
    "maybe": ("std::optional<int> maybe;", ["value_of(s.maybe)", "(s.maybe ? 1 : 0)"],
              ["s.maybe = maybe_of({});", "s.maybe.reset();"]),
    "limit": ("milliseconds limit{0};", ["count_of(s.limit)"], ["s.limit = limit_of({});"]),
    "text": (
        "std::string text;",
        ["hash_of(s.text)", "written(s.text)", "thrown(s.text)", "hashed(s.text)",
         "spanned(s.text)", "plain_length(s.text)", "static_cast<int>(s.text.size())"],
        ["append(s.text, {});", "s.text = std::string(1, static_cast<char>('a' + {} % 3));"]),
    "digits": ("std::string digits = \"0\";", ["parsed(s.digits)"],
               ["s.digits = std::to_string({} % 5);"]),
    "wide_text": ("std::wstring wide_text;", ["compared(s.wide_text)"],
                  ["append(s.wide_text, {});"]),
    "list": (
        "std::vector<int> list;",
        ["std::accumulate(s.list.begin(), s.list.end(), 0)", "static_cast<int>(s.list.size())"],
        ["if (s.list.size() < 3) s.list.push_back({} % 3);",
         "if (!s.list.empty()) s.list.pop_back();"]),
    "flags": ("std::vector<bool> flags = std::vector<bool>(4);",
              ["(s.flags[1] ? 1 : 0) + (s.flags[2] ? 2 : 0)"],
              ["s.flags[1] = {} % 2 == 1;", "s.flags[2] = !s.flags[2];"]),
    "table": (
        "std::map<std::string, int> table;",
        ["static_cast<int>(s.table.size())",
         "(s.table.count(\"a\") != 0 ? s.table.at(\"a\") : -1)"],
        ["s.table[\"a\"] = {} % 3;", "s.table[\"b\"] += 1;", "s.table.erase(\"a\");"]),
    "owned": ("std::unique_ptr<int> owned = std::make_unique<int>(0);", ["*s.owned"],
              ["*s.owned = {} % 3;", "s.owned = std::make_unique<int>({} % 3);"]),
    "node": ("std::shared_ptr<Node> node = std::make_shared<Node>(0);",
             ["s.node->value", "(s.node->next ? s.node->next->value : -1)"],
             ["s.node->value = {} % 3;", "s.node = std::make_shared<Node>({} % 3);",
              "s.node->next = std::make_shared<Node>({} % 2);"]),
    "either": ("std::variant<int, std::string> either = 0;",
               ["static_cast<int>(s.either.index())",
                "(s.either.index() == 0 ? std::get<0>(s.either) : "
                "hash_of(std::get<1>(s.either)))"],
               ["s.either = {} % 3;", "s.either = std::string(\"a\");"]),
    "shape": ("std::unique_ptr<Shape> shape = std::make_unique<Square>(1);", ["s.shape->area()"],
              ["s.shape = std::make_unique<Strip>({} % 3);",
               "s.shape = std::make_unique<Square>({} % 3);"]),
    "function": ("std::function<int()> function = [] { return 0; };", ["s.function()"],
                 ["s.function = [value = {} % 3] {{ return value; }};"]),
}

# State that is not in the model's memory; RESETS gives it its first value.
STATICS = {
    "kept": (["kept"], ["kept = {} % 3;", "++kept;"], "kept = 0;"),
    "kept_pair": (["sum(kept_pair)"], ["kept_pair = pair_of({});"], "kept_pair = Pair{};"),
    "per_thread": (["per_thread"], ["per_thread = {} % 3;"], "per_thread = 0;"),
    "local": (["local_static()"], ["local_static() = {} % 3;"], "local_static() = 0;"),
    "captured": (["captured"], ["captured = {} % 3;", "++captured;"], ""),
}

DECLARATIONS = """
int kept = 0;
Pair kept_pair;
thread_local int per_thread = 0;

int& local_static() {
  static int value = 0;
  return value;
}
"""


class Model:
    def __init__(self, seed, number):
        self.random = random.Random(f"{seed}/{number}")
        self.name = f"model_{number}"
        things = list(THINGS)
        self.random.shuffle(things)
        self.things = things[:self.random.randint(1, 3)]
        self.statics = []
        if self.random.random() < 0.3:
            self.statics = self.random.sample(list(STATICS), self.random.randint(1, 2))
        self.locals = 0

    def reads(self):
        found = []
        for thing in self.things:
            found += THINGS[thing][1]
        for static in self.statics:
            found += STATICS[static][0]
        return found

    def expression(self, known):
        choices = [self.random.choice(self.reads()), str(self.random.randint(0, 3))]
        if known:
            choices += [self.random.choice(known)] * 2
        one = self.random.choice(choices)
        if self.random.random() < 0.3:
            one += " + " + self.random.choice(choices)
        return "std::abs(" + one + ")"

    def write(self, known):
        statements = []
        for thing in self.things:
            statements += THINGS[thing][2]
        for static in self.statics:
            statements += STATICS[static][1] * 2
        return self.random.choice(statements).format(self.expression(known))

    def keep(self, known):
        self.locals += 1
        name = f"local_{self.locals}"
        known.append(name)
        initial = self.expression(known[:-1])
        return f"[[maybe_unused]] const int {name} = {initial};"

    def plain(self, known):
        if self.random.random() < 0.35:
            return [self.keep(known)]
        return [self.write(known)]

    def condition(self, known):
        return f"{self.expression(known)} % 2 == {self.random.randint(0, 1)}"

    def suspension(self, known):
        inner = self.plain(list(known))[0]
        written = self.write(known)
        limit = self.random.randint(1, 4)
        return self.random.choice([
            ["co_await sleep(0s);"],
            ["co_await sleep(0s);"],
            [f"co_await sleep({self.random.choice([1, 2, 3, 5])}ms);"],
            ["{", "  const auto guard = co_await s.lock.scoped();", f"  {inner}",
             "  co_await sleep(0s);", f"  {written}", "}"],
            ["{", "  const auto guard = co_await s.semaphore.scoped();", "  co_await sleep(0s);",
             f"  {written}", "}"],
            ["s.event.set();"],
            ["try {", f"  co_await wait_for(wait_event(s.event), {limit}ms);", f"  {written}",
             "} catch (const TimeoutError&) {", f"  {inner}", "}"],
            ["if (!s.queue.full()) s.queue.put_nowait(" + self.expression(known) + " % 3);"],
            ["try {", f"  s.got += co_await wait_for(s.queue.get(), {limit}ms);",
             "} catch (const TimeoutError&) {", f"  {inner}", "}"],
            ["{", "  const auto guard = co_await s.condition.scoped();", f"  {written}",
             "  s.condition.notify_all();", "}"],
            ["s.got += co_await nested(s, captured);"],
            [f"co_await gather(leaf_a(s, captured), leaf_b(s, captured));"],
            ["{", "  TaskGroup group;", "  co_await group.run([&]() -> Task<> {",
             "    group.create_task(leaf_a(s, captured));", "    co_await sleep(0s);", "  });",
             "}"],
            ["try {", "  throw Failed(" + self.expression(known) + " % 2);",
             "} catch (const Failed& failed) {", "  s.got += failed.code;", "}"],
            [f"if ({self.condition(known)}) {{", f"  {written}", "} else {",
             "  co_await sleep(0s);", "}"],
        ])

    def body(self, turns):
        """In each turn something is read before a suspension and something written behind it."""
        known = []
        lines = []
        for _ in range(turns):
            if self.random.random() < 0.7:
                lines += [self.keep(known)]
            lines += self.suspension(known)
            for _ in range(self.random.choice([1, 1, 2])):
                lines += self.plain(known) if self.random.random() < 0.3 else [self.write(known)]
        return lines

    def coroutine(self, head, turns, tail):
        lines = self.body(turns) + tail
        text = "\n".join("  " + line for line in lines)
        return (f"{head}([[maybe_unused]] Shared& s, [[maybe_unused]] int& captured) {{\n"
                f"{text}\n}}\n")

    def text(self):
        fields = "\n".join("  " + THINGS[thing][0] for thing in self.things)
        parts = [f"namespace {self.name} {{\n", DECLARATIONS if self.statics else ""]
        parts.append(f"""
struct Shared {{
{fields}
  int got = 0;
  Lock lock;
  Semaphore semaphore{{2}};
  Event event;
  Condition condition;
  Queue<int> queue{{1}};
}};

struct Failed {{
  explicit Failed(int number) : code(number) {{}}
  int code;
}};

Task<> wait_event(Event& event) {{
  co_await event.wait();
}}

""")
        parts.append("Task<> leaf_a([[maybe_unused]] Shared& s, [[maybe_unused]] int& captured) {\n"
                     f"  co_await sleep(0s);\n  {self.write([])}\n}}\n\n")
        parts.append("Task<> leaf_b([[maybe_unused]] Shared& s, [[maybe_unused]] int& captured) {\n"
                     f"  {self.write([])}\n  co_return;\n}}\n\n")
        parts.append("Task<int> nested([[maybe_unused]] Shared& s, "
                     "[[maybe_unused]] int& captured) {\n"
                     f"  const int before = {self.expression([])};\n"
                     "  co_await sleep(0s);\n  co_return before % 4;\n}\n\n")
        tasks = self.random.choice([2, 2, 3])
        for task in range(tasks):
            turns = self.random.randint(1, 4 if tasks == 2 else 2)
            parts.append(self.coroutine(f"Task<> task_{task}", turns, ["co_return;"]))
            parts.append("\n")
        parts.append(self.root(tasks))
        resets = "\n".join("  " + STATICS[static][2] for static in self.statics
                           if STATICS[static][2])
        parts.append(f"\nvoid reset() {{\n{resets}\n}}\n\n}}  // namespace {self.name}\n")
        return "".join(parts)

    def root(self, tasks):
        calls = [f"task_{task}(s, captured)" for task in range(tasks)]
        lines = ["Shared s;"]
        if self.random.random() < 0.25:
            victim = calls.pop()
            lines += [f"const TaskHandle<> victim = create_task({victim});"]
            if self.random.random() < 0.5:
                lines += ["co_await sleep(0s);"]
            lines += ["victim.cancel();",
                      f"co_await gather(return_exceptions, {', '.join(calls)});",
                      "const std::vector<TaskHandle<>> victims(1, victim);",
                      "co_await wait(victims);"]
        else:
            lines += [f"co_await gather(return_exceptions, {', '.join(calls)});"]
        lines += ["std::uint64_t seen = static_cast<std::uint64_t>(s.got);"]
        lines += [f"seen = seen * 1'000'003u + static_cast<std::uint64_t>({read});"
                  for read in self.reads()]
        lines += ["COCHECK(accepts(seen));"]
        text = "\n".join("  " + line for line in lines)
        return f"Task<> root([[maybe_unused]] int& captured) {{\n{text}\n}}\n"


HEAD = """// Written by generate.py, seed {seed}.

#include <cstdint>
#include <cstdlib>

#include "observations.hpp"
#include "register.hpp"
#include "values.hpp"

using namespace cocheck;
using namespace random_models;
using namespace std::chrono_literals;

namespace {{
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    models = [Model(options.seed, options.first + i) for i in range(options.count)]
    with open(options.output, "w", encoding="utf-8") as out:
        out.write(HEAD.format(seed=options.seed))
        for model in models:
            out.write("\n" + model.text())
        out.write("\n}  // namespace\n\n")
        for model in models:
            out.write(f"const Registered {model.name}_registered"
                      f"({{\"{model.name}\", {model.name}::root, {model.name}::reset}});\n")


if __name__ == "__main__":
    main()
