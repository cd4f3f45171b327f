// Arrays of the library's caller that lie in device memory.
#include "context.hpp"
#include "entries.hpp"

namespace tumble::cuda {
namespace {

cudaMemcpyKind direction(std::int32_t to, std::int32_t from) {
    if (to == memory_host && from == memory_cuda) return cudaMemcpyDeviceToHost;
    if (to == memory_cuda && from == memory_host) return cudaMemcpyHostToDevice;
    throw DeviceError(status_device, "the CUDA backend was asked to copy from memory space " + std::to_string(from) + " to " + std::to_string(to) +
                                         ", expected one of them to be the host's (" + std::to_string(memory_host) + ") and one the device's (" +
                                         std::to_string(memory_cuda) + ")");
}

}  // namespace

std::int32_t copy_bytes(Context* context, const CopyArguments* a) {
    return on_device(context, [&](Device& device) {
        const cudaMemcpyKind kind = direction(a->memory_to, a->memory_from);
        const cudaStream_t stream = a->own_stream ? device.stream() : static_cast<cudaStream_t>(a->stream);
        check(cudaMemcpyAsync(a->to, a->from, static_cast<std::size_t>(a->bytes), kind, stream), "copy of a caller's array");
        check(cudaStreamSynchronize(stream), "copy of a caller's array");
    });
}

}  // namespace tumble::cuda
