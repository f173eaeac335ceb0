#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cocheck::detail {

/// Whether `text` is a task id: numbers without leading zeros, separated by dots.
[[nodiscard]] bool is_task_id(std::string_view text);

/// How many characters at the start of `text` belong to a task id, 0 when it starts with none.
[[nodiscard]] std::size_t task_id_length(std::string_view text);

/// A list of task ids in which a run of siblings is shortened: "0.0 .. 0.99".
[[nodiscard]] std::string id_list(const std::vector<std::string>& ids);

}  // namespace cocheck::detail
