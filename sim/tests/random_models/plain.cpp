// What is not instrumented: see values.hpp.

#include "values.hpp"

namespace random_models {

int plain_sum(const Pair& pair) {
  return pair.a + 2 * pair.b;
}

void plain_store(Pair& pair, int number) {
  pair.b = number % 3;
}

int plain_length(const std::string& text) {
  return static_cast<int>(text.size());
}

}  // namespace random_models
