#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace lc2 {

template <class T>
class [[nodiscard]] Result;

namespace internal {
template <class T>
inline constexpr bool kIsResult = false;
template <class T>
inline constexpr bool kIsResult<Result<T>> = true;
}  // namespace internal

// A value or the reason why there is none. Names follow std::expected<T, Error>, which will
// replace it one day.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // NOLINTBEGIN(google-explicit-constructor, bugprone-forwarding-reference-overload):
  // `return value;` and `return error;` are what this class is for, as with std::expected.
  template <class U = T>
  // No other Result: bool is constructible from each of them, which would lose its error.
  requires(std::is_constructible_v<T, U&&> && !internal::kIsResult<std::remove_cvref_t<U>> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor, bugprone-forwarding-reference-overload)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    LC2_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    LC2_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    LC2_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }

  const Error& error() const& {
    LC2_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    LC2_CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

  // Calls `next` with the value; the error passes through.
  template <class F>
  auto and_then(F&& next) && {
    using Next = std::remove_cvref_t<std::invoke_result_t<F, T&&>>;
    static_assert(internal::kIsResult<Next>);
    if (!has_value()) return Next(std::move(*this).error());
    return std::forward<F>(next)(std::move(*this).value());
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Result(Error error) : error_(std::make_shared<const Error>(std::move(error))) {}

  bool has_value() const { return error_ == nullptr; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    LC2_CHECK(!has_value());
    return *error_;
  }

 private:
  std::shared_ptr<const Error> error_;
};

// Returns the error of `expression`, if it is one, from the enclosing function.
#define LC2_RETURN_IF_ERROR(expression)                          \
  do {                                                           \
    if (auto lc2_result = (expression); !lc2_result.has_value()) \
      return std::move(lc2_result).error();                      \
  } while (false)

#define LC2_CONCAT_INNER(a, b) a##b
#define LC2_CONCAT(a, b) LC2_CONCAT_INNER(a, b)

// LC2_ASSIGN_OR_RETURN(const Foo foo, MakeFoo()); declares `foo`, or returns the error.
#define LC2_ASSIGN_OR_RETURN(declaration, expression) \
  LC2_ASSIGN_OR_RETURN_IMPL(LC2_CONCAT(lc2_result_, __LINE__), declaration, expression)
#define LC2_ASSIGN_OR_RETURN_IMPL(result, declaration, expression) \
  auto result = (expression);                                      \
  if (!result.has_value()) return std::move(result).error();       \
  declaration = std::move(result).value()

}  // namespace lc2
