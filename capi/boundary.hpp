#pragma once
// The one guard between C callers and C++: no exception crosses, every failure leaves a status and a sentence.
#include <array>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#include "live_handles.hpp"
#include "tumble.h"
#include "tumble/error.hpp"

namespace tumble::c_interface {

/// A failure whose status the kind of a tumble::Error does not tell.
class BoundaryError : public std::runtime_error {
  public:
    BoundaryError(tumble_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
    tumble_status status() const { return status_; }

  private:
    tumble_status status_;
};

/// A sentence in memory that is there already, so that running out of it can still be told; longer ones are cut.
using Sentence = std::array<char, 1024>;

/// Keeps the sentence for the thread and, where there is one, in `own`. Returns the status.
tumble_status keep(tumble_status status, const char* sentence, Sentence* own) noexcept;

tumble_status status_of(ErrorKind kind) noexcept;

/// Runs the body of a C function. `own` is the sentence of the handle that the caller works with, or null.
template <class Body>
tumble_status guarded(Sentence* own, Body&& body) noexcept {
    try {
        body();
        return TUMBLE_OK;
    } catch (const BoundaryError& e) {
        return keep(e.status(), e.what(), own);
    } catch (const Error& e) {
        return keep(status_of(e.kind()), e.what(), own);
    } catch (const std::bad_alloc&) {
        return keep(TUMBLE_E_NO_MEMORY, "out of memory", own);
    } catch (const std::exception& e) {
        return keep(TUMBLE_E_INTERNAL, e.what(), own);
    } catch (...) {
        return keep(TUMBLE_E_INTERNAL, "an exception of unknown type", own);
    }
}

/// The opaque types of tumble.h.
template <class T>
inline constexpr bool is_handle =
    std::is_same_v<T, tumble_context> || std::is_same_v<T, tumble_options> || std::is_same_v<T, tumble_stack> || std::is_same_v<T, tumble_result> ||
    std::is_same_v<T, tumble_run> || std::is_same_v<T, tumble_device> || std::is_same_v<T, tumble_images> || std::is_same_v<T, tumble_transform> ||
    std::is_same_v<T, tumble_search> || std::is_same_v<T, tumble_equations> || std::is_same_v<T, tumble_atoms>;

/// Throws TUMBLE_E_NULL naming the argument; in a checking build also TUMBLE_E_ARGUMENT for a handle that is none.
template <class T>
T& required(T* pointer, const char* argument) {
    if (!pointer) throw BoundaryError(TUMBLE_E_NULL, std::string(argument) + " is NULL: expected a pointer");
    if constexpr (checks_handles && is_handle<std::remove_const_t<T>>)
        if (!is_live_handle(pointer)) throw BoundaryError(TUMBLE_E_ARGUMENT, std::string(argument) + " is no handle: it has been destroyed, or was never made");
    return *pointer;
}

/// Makes a handle from the unique_ptr that `make` returns: `*out` is null unless it succeeds.
template <class T, class Make>
tumble_status handed_out(T** out, const char* argument, Sentence* own, Make&& make) noexcept {
    if (out) *out = nullptr;
    return guarded(own, [&] {
        required(out, argument);
        auto made = make();
        if constexpr (checks_handles) add_live_handle(made.get());
        *out = made.release();
    });
}

/// Takes a handle back. A checking build lets one that is none alone.
template <class T>
void take_back(T* handle) noexcept {
    if constexpr (checks_handles)
        if (!remove_live_handle(handle)) return;
    const std::unique_ptr<T> owner(handle);
}

}  // namespace tumble::c_interface
