#include "cocheck/describe.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "cocheck/check.hpp"
#include "cocheck/errors.hpp"

namespace cocheck {

namespace {

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type.name();
}

}  // namespace

std::string describe(const std::exception_ptr& error) {
  if (error == nullptr) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return type_name(typeid(exception)) + "(\"" + exception.what() + "\")";
  } catch (const CancelledError& exception) {
    return exception.message().empty() ? "CancelledError"
                                       : "CancelledError(\"" + exception.message() + "\")";
  } catch (const CheckFailed&) {
    return "a failed check";
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "an exception of type " + type_name(*type) : "an unknown exception";
  }
}

}  // namespace cocheck
