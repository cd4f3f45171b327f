#pragma once
// In a checking build (CMake option TUMBLE_CHECK_HANDLES): which handles are there, so that one that has been destroyed, or never
// was one, is refused instead of read. An address that has been given to a new handle meanwhile cannot be told.

namespace tumble::c_interface {

#ifdef TUMBLE_CHECK_HANDLES
inline constexpr bool checks_handles = true;
#else
inline constexpr bool checks_handles = false;
#endif

/// Any thread; the first may throw std::bad_alloc.
void add_live_handle(const void* handle);
/// False where there was none.
bool remove_live_handle(const void* handle) noexcept;
bool is_live_handle(const void* handle) noexcept;

}  // namespace tumble::c_interface
