#pragma once

#include <string_view>

namespace cocheck::detail {

/// Whether `text` is a task id: numbers without leading zeros, separated by dots.
[[nodiscard]] bool is_task_id(std::string_view text);

/// How many characters at the start of `text` belong to a task id, 0 when it starts with none.
[[nodiscard]] std::size_t task_id_length(std::string_view text);

}  // namespace cocheck::detail
