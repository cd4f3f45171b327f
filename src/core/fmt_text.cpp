// fmt, compiled once. Header-only, it would be compiled again in every file that formats a line, at three times the cost of the
// file itself; as the shared library that its package has, it would be needed at run time.
#include <fmt/format-inl.h>

// The templates that its headers leave to its library.
template auto fmt::detail::thousands_sep_impl<char>(fmt::detail::locale_ref) -> fmt::detail::thousands_sep_result<char>;
template auto fmt::detail::decimal_point_impl<char>(fmt::detail::locale_ref) -> char;
template auto fmt::detail::locale_ref::get<std::locale>() const -> std::locale;
template auto fmt::detail::dragonbox::to_decimal<float>(float) noexcept -> fmt::detail::dragonbox::decimal_fp<float>;
template auto fmt::detail::dragonbox::to_decimal<double>(double) noexcept -> fmt::detail::dragonbox::decimal_fp<double>;
