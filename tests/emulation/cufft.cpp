// cuFFT by FFTW.
#include "cufft.h"

#include <fftw3.h>

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "device_state.hpp"

namespace {

using emulation::Failing;

// FFTW plans one at a time in the process: others that plan at the same time do so behind a lock of their own.
std::mutex planning;

struct PlanDeleter {
    void operator()(fftwf_plan plan) const {
        const std::lock_guard lock(planning);
        fftwf_destroy_plan(plan);
    }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, PlanDeleter>;

struct Entry {
    bool made = false;
    cufftType type = CUFFT_C2C;
    std::vector<int> lengths;
    int batch = 0;
    std::size_t real = 0, complex = 0;  ///< elements of all transforms
    bool automatic = true;
    void* work = nullptr;
    std::size_t work_bytes = 0;
    cudaStream_t stream = nullptr;
    Plan forward, inverse;
};

std::mutex mutex;
std::map<cufftHandle, std::unique_ptr<Entry>>& entries() {
    static auto* const all = new std::map<cufftHandle, std::unique_ptr<Entry>>;
    return *all;
}

Entry* find(cufftHandle plan) {
    const std::lock_guard lock(mutex);
    const auto found = entries().find(plan);
    return found == entries().end() ? nullptr : found->second.get();
}

fftwf_complex* cast(cufftComplex* values) {
    return reinterpret_cast<fftwf_complex*>(values);
}

/// ESTIMATE looks at no array and UNALIGNED takes any, so that plans are made without one.
bool make_plans(Entry& e) {
    const std::lock_guard lock(planning);
    const int rank = static_cast<int>(e.lengths.size());
    const auto each_complex = static_cast<int>(e.complex / static_cast<std::size_t>(e.batch));
    const auto each_real = static_cast<int>(e.real / static_cast<std::size_t>(e.batch));
    std::vector<float> real(1);
    std::vector<cufftComplex> a(1), b(1);
    constexpr unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    switch (e.type) {
        case CUFFT_R2C:
            e.forward.reset(fftwf_plan_many_dft_r2c(rank, e.lengths.data(), e.batch, real.data(), nullptr, 1, each_real, cast(a.data()), nullptr,
                                                    1, each_complex, flags));
            return e.forward != nullptr;
        case CUFFT_C2R:
            e.inverse.reset(fftwf_plan_many_dft_c2r(rank, e.lengths.data(), e.batch, cast(a.data()), nullptr, 1, each_complex, real.data(), nullptr,
                                                    1, each_real, flags | FFTW_DESTROY_INPUT));
            return e.inverse != nullptr;
        case CUFFT_C2C:
            e.forward.reset(fftwf_plan_many_dft(rank, e.lengths.data(), e.batch, cast(a.data()), nullptr, 1, each_complex, cast(b.data()), nullptr,
                                                1, each_complex, FFTW_FORWARD, flags));
            e.inverse.reset(fftwf_plan_many_dft(rank, e.lengths.data(), e.batch, cast(a.data()), nullptr, 1, each_complex, cast(b.data()), nullptr,
                                                1, each_complex, FFTW_BACKWARD, flags));
            return e.forward && e.inverse;
    }
    return false;
}

/// What every execution looks at first.
cufftResult ready(Entry* e, cufftType type, const void* in, std::size_t in_bytes, const void* out, std::size_t out_bytes) {
    if (!e || !e->made || e->type != type) return CUFFT_INVALID_PLAN;
    emulation::ask(Failing::transform);
    if (emulation::error_of_device() != cudaSuccess || emulation::fails_now(Failing::transform)) return CUFFT_EXEC_FAILED;
    if (!e->automatic && e->work_bytes > 0 && !emulation::lies_on_device(e->work, e->work_bytes, "work area of a transform"))
        return CUFFT_EXEC_FAILED;
    if (!emulation::lies_on_device(in, in_bytes, "input of a transform") || !emulation::lies_on_device(out, out_bytes, "output of a transform"))
        return CUFFT_EXEC_FAILED;
    return in == out ? CUFFT_INVALID_VALUE : CUFFT_SUCCESS;
}

/// Where the plan's stream is capturing, the execution becomes a part of the graph.
template <class Again>
bool recorded(Entry* e, Again again) {
    cudaError_t code;
    return emulation::recorded(
        e->stream, [again](cudaStream_t) { return again() == CUFFT_SUCCESS ? cudaSuccess : cudaErrorUnknown; }, code);
}
cufftResult recording_result(Entry* e) {
    return emulation::recording_of(e->stream)->spoilt ? CUFFT_EXEC_FAILED : CUFFT_SUCCESS;
}

}  // namespace

cufftResult cufftCreate(cufftHandle* plan) {
    const std::lock_guard lock(mutex);
    static cufftHandle last = 0;
    entries().emplace(*plan = ++last, std::make_unique<Entry>());
    emulation::count_plans(1);
    return CUFFT_SUCCESS;
}

cufftResult cufftDestroy(cufftHandle plan) {
    std::unique_ptr<Entry> gone;
    const std::lock_guard lock(mutex);
    const auto found = entries().find(plan);
    if (found == entries().end()) return CUFFT_INVALID_PLAN;
    gone = std::move(found->second);
    entries().erase(found);
    emulation::count_plans(-1);
    return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle plan, int automatic) {
    Entry* e = find(plan);
    if (!e || e->made) return CUFFT_INVALID_PLAN;
    e->automatic = automatic != 0;
    return CUFFT_SUCCESS;
}

cufftResult cufftMakePlanMany64(cufftHandle plan, int rank, long long* lengths, long long* input_embed, long long, long long,
                                long long* output_embed, long long, long long, cufftType type, long long batch, std::size_t* work_bytes) {
    Entry* e = find(plan);
    if (!e || e->made) return CUFFT_INVALID_PLAN;
    emulation::ask(Failing::plan);
    if (emulation::fails_now(Failing::plan)) return CUFFT_ALLOC_FAILED;
    if (input_embed || output_embed) return CUFFT_NOT_SUPPORTED;
    if (!work_bytes || !lengths) return CUFFT_INVALID_VALUE;
    if (rank < 1 || rank > 3 || batch < 1 || batch > 0x7fffffff) return CUFFT_INVALID_SIZE;
    e->type = type;
    e->batch = static_cast<int>(batch);
    e->real = e->complex = static_cast<std::size_t>(batch);
    e->lengths.clear();
    for (int i = 0; i < rank; i++) {
        if (lengths[i] < 1 || lengths[i] > 0x7fffffff) return CUFFT_INVALID_SIZE;
        e->lengths.push_back(static_cast<int>(lengths[i]));
        const auto length = static_cast<std::size_t>(lengths[i]);
        e->real *= length;
        e->complex *= i + 1 == rank && type != CUFFT_C2C ? length / 2 + 1 : length;
    }
    if (!make_plans(*e)) return CUFFT_INTERNAL_ERROR;
    e->made = true;
    e->work_bytes = e->complex * sizeof(cufftComplex);
    *work_bytes = e->work_bytes;
    return CUFFT_SUCCESS;
}

cufftResult cufftMakePlanMany(cufftHandle plan, int rank, int* lengths, int* input_embed, int, int, int* output_embed, int, int, cufftType type,
                              int batch, std::size_t* work_bytes) {
    if (input_embed || output_embed) return CUFFT_NOT_SUPPORTED;
    if (!lengths || rank < 1 || rank > 3) return CUFFT_INVALID_SIZE;
    std::vector<long long> wide(lengths, lengths + rank);
    return cufftMakePlanMany64(plan, rank, wide.data(), nullptr, 1, 0, nullptr, 1, 0, type, batch, work_bytes);
}

cufftResult cufftGetSize(cufftHandle plan, std::size_t* work_bytes) {
    const Entry* e = find(plan);
    if (!e || !e->made) return CUFFT_INVALID_PLAN;
    *work_bytes = e->work_bytes;
    return CUFFT_SUCCESS;
}

cufftResult cufftSetWorkArea(cufftHandle plan, void* work) {
    Entry* e = find(plan);
    if (!e || !e->made) return CUFFT_INVALID_PLAN;
    e->work = work;
    return CUFFT_SUCCESS;
}

cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream) {
    Entry* e = find(plan);
    if (!e) return CUFFT_INVALID_PLAN;
    e->stream = stream;
    return CUFFT_SUCCESS;
}

cufftResult cufftExecR2C(cufftHandle plan, cufftReal* in, cufftComplex* out) {
    Entry* e = find(plan);
    const cufftResult code = ready(e, CUFFT_R2C, in, e ? e->real * sizeof *in : 0, out, e ? e->complex * sizeof *out : 0);
    if (code != CUFFT_SUCCESS) return code;
    if (recorded(e, [=] { return cufftExecR2C(plan, in, out); })) return recording_result(e);
    const emulation::OpenMemory open(emulation::current_device());
    fftwf_execute_dft_r2c(e->forward.get(), in, cast(out));
    return CUFFT_SUCCESS;
}

cufftResult cufftExecC2R(cufftHandle plan, cufftComplex* in, cufftReal* out) {
    Entry* e = find(plan);
    const cufftResult code = ready(e, CUFFT_C2R, in, e ? e->complex * sizeof *in : 0, out, e ? e->real * sizeof *out : 0);
    if (code != CUFFT_SUCCESS) return code;
    if (recorded(e, [=] { return cufftExecC2R(plan, in, out); })) return recording_result(e);
    const emulation::OpenMemory open(emulation::current_device());
    fftwf_execute_dft_c2r(e->inverse.get(), cast(in), out);
    std::memset(static_cast<void*>(in), 0xff, e->complex * sizeof *in);  // scratch memory, as cuFFT may use it
    return CUFFT_SUCCESS;
}

cufftResult cufftExecC2C(cufftHandle plan, cufftComplex* in, cufftComplex* out, int direction) {
    Entry* e = find(plan);
    const cufftResult code = ready(e, CUFFT_C2C, in, e ? e->complex * sizeof *in : 0, out, e ? e->complex * sizeof *out : 0);
    if (code != CUFFT_SUCCESS) return code;
    if (direction != CUFFT_FORWARD && direction != CUFFT_INVERSE) return CUFFT_INVALID_VALUE;
    if (recorded(e, [=] { return cufftExecC2C(plan, in, out, direction); })) return recording_result(e);
    const emulation::OpenMemory open(emulation::current_device());
    fftwf_execute_dft((direction == CUFFT_FORWARD ? e->forward : e->inverse).get(), cast(in), cast(out));
    return CUFFT_SUCCESS;
}
