#pragma once
// Arrays of one call, where the host can work on them whatever memory they lie in.
#include <cstdint>
#include <list>
#include <vector>

#include "tumble.h"
#include "tumble/operators.hpp"

namespace tumble::c_interface {

/// Those in host memory are taken as they are. Those in the memory of the operators' device are copied, in the order of the
/// caller's stream (tumble_device_set_stream), and deliver() takes what was written back to them. All throw TUMBLE_E_DEVICE,
/// naming `argument`, for memory that the device does not reach and where a copy fails; null is handed on.
class ReachableArrays {
  public:
    explicit ReachableArrays(const Device& device) : device_(device) {}

    const tumble_array* in(const tumble_array* array, const char* argument);
    /// The elements are not copied beforehand. Throws TUMBLE_E_ARRAY for an array of the device that has gaps: these would have to
    /// be written too.
    const tumble_array* out(const tumble_array* array, const char* argument);
    const tumble_array* in_out(const tumble_array* array, const char* argument);
    void deliver();

  private:
    struct Copy {
        tumble_array array;  ///< the caller's, on `bytes`
        std::vector<unsigned char> bytes;
        void* theirs;  ///< where the first byte lies
        const char* argument;
        bool to_deliver;
    };
    enum class Use { in, out, in_out };
    const tumble_array* reachable(const tumble_array* array, const char* argument, Use use);
    bool is_theirs(const tumble_array& array, const char* argument) const;

    Device device_;
    std::list<Copy> copies_;  // their addresses stay
};

}  // namespace tumble::c_interface
