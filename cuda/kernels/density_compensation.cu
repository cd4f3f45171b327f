#include "kernels/density_compensation.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "context.hpp"
#include "fourier/normal_operator.hpp"  // band_end
#include "kernels/shared_memory.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"
#include "runtime/repeated_work.hpp"

namespace tumble::cuda {
namespace {

constexpr int threads = 256;
constexpr int sum_blocks = threads;  // fixed: the order of the additions must not depend on the card
constexpr int steps_between_looks = 4;

/// What the kernels know of the prior: shells 0 .. end - 1, none where `shells` is null.
struct Prior {
    const float* shells;
    int end;
};

/// As prior_at of fourier/normal_operator.cpp.
__device__ inline float prior_at(const Prior& prior, float shell) {
    if (prior.end == 0) return 0.0f;
    const int low = min(static_cast<int>(shell), prior.end - 1), high = min(low + 1, prior.end - 1);
    const float fraction = fminf(1.0f, shell - static_cast<float>(low));
    return fmaf(fraction, prior.shells[high], (1.0f - fraction) * prior.shells[low]);
}

/// Column, row and plane of element i of a half spectrum of side n, as signed frequencies, and their distance from 0.
struct Coefficient {
    int x, y, z;
    float radius;

    __device__ Coefficient(long long i, int n) {
        const int columns = n / 2 + 1;
        x = static_cast<int>(i % columns);
        const int row = static_cast<int>(i / columns % n), plane = static_cast<int>(i / columns / n);
        y = row <= n / 2 ? row : row - n;
        z = plane <= n / 2 ? plane : plane - n;
        const long long square = static_cast<long long>(x) * x + static_cast<long long>(y) * y + static_cast<long long>(z) * z;
        radius = sqrtf(static_cast<float>(square));
    }
};

__device__ inline long long first_item() {
    return blockIdx.x * static_cast<long long>(threads) + threadIdx.x;
}
__device__ inline long long item_step() {
    return static_cast<long long>(gridDim.x) * threads;
}

/// box^3 into the first octant of (2 box)^3, zeros elsewhere; 1 where there is no map.
__global__ void __launch_bounds__(threads) pad(const float* __restrict__ map, int box, float* __restrict__ out) {
    const int n = 2 * box;
    const long long all = static_cast<long long>(n) * n * n;
    for (long long i = first_item(); i < all; i += item_step()) {
        const int x = static_cast<int>(i % n), y = static_cast<int>(i / n % n), z = static_cast<int>(i / n / n);
        const bool inside = x < box && y < box && z < box;
        out[i] = !inside ? 0.0f : map ? map[(static_cast<long long>(z) * box + y) * box + x] : 1.0f;
    }
}

/// The first octant of (2 box)^3.
__global__ void __launch_bounds__(threads) crop(const float* __restrict__ padded, int box, float* __restrict__ out) {
    const int n = 2 * box;
    const long long all = static_cast<long long>(box) * box * box;
    for (long long i = first_item(); i < all; i += item_step()) {
        const int x = static_cast<int>(i % box), y = static_cast<int>(i / box % box), z = static_cast<int>(i / box / box);
        out[i] = padded[(static_cast<long long>(z) * n + y) * n + x];
    }
}

/// The kernel with its origin, at `box`, moved to element 0; times `factor` divided by its first element, where there is one.
__global__ void __launch_bounds__(threads)
    centre_kernel(const float* __restrict__ kernel, const float* __restrict__ factor, int box, float* __restrict__ out) {
    const int n = 2 * box;
    const long long all = static_cast<long long>(n) * n * n;
    const float whole = factor ? factor[0] : 1.0f;
    for (long long i = first_item(); i < all; i += item_step()) {
        const int x = static_cast<int>(i % n), y = static_cast<int>(i / n % n), z = static_cast<int>(i / n / n);
        const float value = kernel[(static_cast<long long>((z + box) % n) * n + (y + box) % n) * n + (x + box) % n];
        out[i] = !factor ? value : value * (whole > 0.0f ? factor[i] / whole : factor[i]);
    }
}

/// The normal operator's multiplier from its kernel's transform: the prior of the doubled box's shells added, divided for the
/// inverse transform.
__global__ void __launch_bounds__(threads)
    make_multiplier(const float2* __restrict__ spectrum, const Prior prior, int n, float* __restrict__ multiplier) {
    const long long all = static_cast<long long>(n) * n * (n / 2 + 1);
    const float cubed = static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n);
    for (long long i = first_item(); i < all; i += item_step()) {
        const Coefficient c(i, n);
        multiplier[i] = fmaf(1.0f / 16.0f, prior_at(prior, 0.5f * c.radius), spectrum[i].x / cubed);
    }
}

/// 1 / n^3 within the band, 0 beyond it.
__global__ void __launch_bounds__(threads) make_band(float limit, int n, float* __restrict__ factor) {
    const long long all = static_cast<long long>(n) * n * (n / 2 + 1);
    const float cubed = static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n);
    for (long long i = first_item(); i < all; i += item_step()) factor[i] = Coefficient(i, n).radius < limit ? 1.0f / cubed : 0.0f;
}

/// Eigenvalues of the circulant operator: every second coefficient of the doubled box's transform, and the prior.
__global__ void __launch_bounds__(threads)
    make_eigenvalues(const float2* __restrict__ doubled, const Prior prior, int n, float* __restrict__ eigenvalues) {
    const long long all = static_cast<long long>(n) * n * (n / 2 + 1);
    const float half_cubed = 0.5f * static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n);
    for (long long i = first_item(); i < all; i += item_step()) {
        const Coefficient c(i, n);
        const long long z = i / (n / 2 + 1) / n, y = i / (n / 2 + 1) % n;
        eigenvalues[i] = fmaf(half_cubed, prior_at(prior, c.radius), doubled[((2 * z) * (2 * n) + 2 * y) * (n + 1) + 2 * c.x].x);
    }
}

/// mean / n^3 over the eigenvalue, raised to `least`.
__global__ void __launch_bounds__(threads) invert(float mean_over_cubed, float least, long long all, float* __restrict__ values) {
    for (long long i = first_item(); i < all; i += item_step()) values[i] = mean_over_cubed / fmaxf(values[i], least);
}

__global__ void __launch_bounds__(threads) multiply(const float* __restrict__ factor, long long all, float2* __restrict__ values) {
    for (long long i = first_item(); i < all; i += item_step()) {
        const float2 value = values[i];
        values[i] = make_float2(factor[i] * value.x, factor[i] * value.y);
    }
}
__global__ void __launch_bounds__(threads) to_power(long long all, float2* __restrict__ values) {
    for (long long i = first_item(); i < all; i += item_step())
        values[i] = make_float2(fmaf(values[i].x, values[i].x, values[i].y * values[i].y), 0.0f);
}
__global__ void __launch_bounds__(threads) apply_mask(const float* __restrict__ mask, long long all, float* __restrict__ values) {
    for (long long i = first_item(); i < all; i += item_step()) values[i] *= mask[i];
}
/// y += factor x
__global__ void __launch_bounds__(threads) add_scaled(float factor, const float* __restrict__ x, long long all, float* __restrict__ y) {
    for (long long i = first_item(); i < all; i += item_step()) y[i] = fmaf(factor, x[i], y[i]);
}

/// The scalars of the recurrence. Once `going` is 0, steps change nothing any more.
struct Recurrence {
    float power, slope;  ///< residual . residual, residual . preconditioned residual
    float goal;          ///< of the power
    float length, ratio;  ///< of the step; of the new direction to the one before
    int going;
};

/// map += length direction, residual -= length product
__global__ void __launch_bounds__(threads)
    step_along(const Recurrence* __restrict__ recurrence, const float* __restrict__ direction, const float* __restrict__ product, long long all,
               float* __restrict__ map, float* __restrict__ residual) {
    if (!recurrence->going) return;
    const float length = recurrence->length;
    for (long long i = first_item(); i < all; i += item_step()) {
        map[i] = fmaf(length, direction[i], map[i]);
        residual[i] = fmaf(-length, product[i], residual[i]);
    }
}
/// direction = improved + ratio direction
__global__ void __launch_bounds__(threads)
    turn(const Recurrence* __restrict__ recurrence, const float* __restrict__ improved, long long all, float* __restrict__ direction) {
    if (!recurrence->going) return;
    const float ratio = recurrence->ratio;
    for (long long i = first_item(); i < all; i += item_step()) direction[i] = fmaf(ratio, direction[i], improved[i]);
}

/// The sum of a block's values, in the order of a tree; of thread 0.
__device__ inline float block_sum(float value) {
    float* sm_sums = shared_memory<float>();
    sm_sums[threadIdx.x] = value;
    __syncthreads();
    for (int half = threads / 2; half > 0; half /= 2) {
        if (static_cast<int>(threadIdx.x) < half) sm_sums[threadIdx.x] += sm_sums[threadIdx.x + half];
        __syncthreads();
    }
    const float sum = sm_sums[0];
    __syncthreads();
    return sum;
}

/// sums[block] = part of sum a b (b null: sum a). A thread adds every (sum_blocks threads)-th product, then a tree.
__global__ void __launch_bounds__(threads)
    partial_sums(const float* __restrict__ a, const float* __restrict__ b, long long all, float* __restrict__ sums) {
    float sum = 0.0f;
    for (long long i = first_item(); i < all; i += item_step()) sum = b ? fmaf(a[i], b[i], sum) : sum + a[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
/// The same of a a to sums[block] and of a b to sums[sum_blocks + block].
__global__ void __launch_bounds__(threads)
    partial_sums_of_two(const float* __restrict__ a, const float* __restrict__ b, long long all, float* __restrict__ sums) {
    float power = 0.0f, product = 0.0f;
    for (long long i = first_item(); i < all; i += item_step()) {
        power = fmaf(a[i], a[i], power);
        product = fmaf(a[i], b[i], product);
    }
    power = block_sum(power);
    product = block_sum(product);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = power;
        sums[sum_blocks + blockIdx.x] = product;
    }
}

// The recurrence, by one block of as many threads as there are partial sums.
__global__ void __launch_bounds__(threads)
    begin_recurrence(const float* __restrict__ sums, float squared_tolerance, Recurrence* __restrict__ recurrence) {
    const float power = block_sum(sums[threadIdx.x]), slope = block_sum(sums[sum_blocks + threadIdx.x]);
    if (threadIdx.x == 0) *recurrence = {power, slope, squared_tolerance * power, 0.0f, 0.0f, 1};
}
/// How far to go along the direction. sums: of direction . product.
__global__ void __launch_bounds__(threads) choose_length(const float* __restrict__ sums, Recurrence* __restrict__ recurrence) {
    const float curvature = block_sum(sums[threadIdx.x]);
    if (threadIdx.x != 0) return;
    const Recurrence before = *recurrence;
    if (!(before.going && before.power > before.goal && before.slope > 0.0f && curvature > 0.0f)) recurrence->going = 0;
    else recurrence->length = before.slope / curvature;
}
__global__ void __launch_bounds__(threads) choose_direction(const float* __restrict__ sums, Recurrence* __restrict__ recurrence) {
    const float power = block_sum(sums[threadIdx.x]), slope = block_sum(sums[sum_blocks + threadIdx.x]);
    if (threadIdx.x != 0 || !recurrence->going) return;
    recurrence->ratio = slope / recurrence->slope;
    recurrence->power = power;
    recurrence->slope = slope;
}

/// Everything that the steps of one solution use. All lengths are those of box^3 unless they say otherwise.
class Solver {
  public:
    Solver(Device& device, const DeviceEquations& equations, const DeviceSolveProblem& problem)
        : device_(device),
          box_(equations.box),
          voxels_(cube(box_)),
          coefficients_(half_cube(box_)),
          doubled_coefficients_(half_cube(2 * box_)),
          forward_(device, FftPlan::Kind::real_to_complex, {box_, box_, box_}, 1),
          inverse_(device, FftPlan::Kind::complex_to_real, {box_, box_, box_}, 1),
          doubled_forward_(device, FftPlan::Kind::real_to_complex, {2 * box_, 2 * box_, 2 * box_}, 1),
          doubled_inverse_(device, FftPlan::Kind::complex_to_real, {2 * box_, 2 * box_, 2 * box_}, 1),
          doubled_(device, cube(2 * box_), "the doubled box"),
          doubled_spectrum_(device, doubled_coefficients_, "the doubled box's transform"),
          spectrum_(device, coefficients_, "the map's transform"),
          multiplier_(device, doubled_coefficients_, "the normal operator"),
          preconditioner_(device, coefficients_, "the preconditioner"),
          sums_(device, 2 * sum_blocks, "sums"),
          recurrence_(device, 1, "the recurrence") {
        const int end = static_cast<int>(band_end(problem.prior));
        std::vector<float> shells;
        for (const double value : problem.prior.first(static_cast<std::size_t>(end)))
            shells.push_back(static_cast<float>(std::min(value, 1e30)));  // where there is no signal; all the same to the map
        prior_shells_ = to_device<float>(device, shells, "the prior");
        prior_ = {prior_shells_.data(), end};
        if (problem.mask) mask_ = to_device(device, std::span(problem.mask, voxels_), "the mask");
        if (!problem.prior.empty()) {
            band_ = DeviceBuffer<float>(device, coefficients_, "the band limit");
            start("make_band", make_band, coefficients_, static_cast<float>(end) - 0.5f, box_, band_.data());
        }
        make_operator(equations);
        make_preconditioner(equations);
    }

    void limit(float* map) {
        if (band_.empty()) return;
        forward_.forward(map, spectrum_.data());
        start("multiply", multiply, coefficients_, band_.data(), count(coefficients_), spectrum_.data());
        inverse_.inverse(spectrum_.data(), map);
    }
    void mask(float* map) {
        if (!mask_.empty()) start("apply_mask", apply_mask, voxels_, mask_.data(), count(voxels_), map);
    }
    bool masked() const { return !mask_.empty(); }
    void precondition(const float* in, float* out) {
        forward_.forward(in, spectrum_.data());
        start("multiply", multiply, coefficients_, preconditioner_.data(), count(coefficients_), spectrum_.data());
        inverse_.inverse(spectrum_.data(), out);
        mask(out);
    }
    void apply_normal(const float* in, float* out) {
        start("pad", pad, cube(2 * box_), in, box_, doubled_.data());
        doubled_forward_.forward(doubled_.data(), doubled_spectrum_.data());
        start("multiply", multiply, doubled_coefficients_, multiplier_.data(), count(doubled_coefficients_), doubled_spectrum_.data());
        doubled_inverse_.inverse(doubled_spectrum_.data(), doubled_.data());
        start("crop", crop, voxels_, doubled_.data(), box_, out);
    }
    void begin(const float* residual, const float* improved, double tolerance) {
        launch(device_, "partial_sums_of_two", partial_sums_of_two, sum_shape(sum_blocks), residual, improved, count(voxels_), sums_.data());
        launch(device_, "begin_recurrence", begin_recurrence, sum_shape(1), sums_.data(), static_cast<float>(tolerance * tolerance), recurrence_.data());
    }
    void step_along_direction(const float* direction, const float* product, float* map, float* residual) {
        launch(device_, "partial_sums", partial_sums, sum_shape(sum_blocks), direction, product, count(voxels_), sums_.data());
        launch(device_, "choose_length", choose_length, sum_shape(1), sums_.data(), recurrence_.data());
        start("step_along", step_along, voxels_, recurrence_.data(), direction, product, count(voxels_), map, residual);
    }
    void turn_direction(const float* residual, const float* improved, float* direction) {
        launch(device_, "partial_sums_of_two", partial_sums_of_two, sum_shape(sum_blocks), residual, improved, count(voxels_), sums_.data());
        launch(device_, "choose_direction", choose_direction, sum_shape(1), sums_.data(), recurrence_.data());
        start("turn", turn, voxels_, recurrence_.data(), improved, count(voxels_), direction);
    }
    /// Asks the device.
    bool going() {
        Recurrence found{};
        copy_to_host(device_, recurrence_.data(), 1, &found);
        device_.synchronize("a step of the solver");
        return found.going != 0;
    }
    std::size_t voxels() const { return voxels_; }

  private:
    static std::size_t cube(int n) { return static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * static_cast<std::size_t>(n); }
    static std::size_t half_cube(int n) {
        return static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * static_cast<std::size_t>(n / 2 + 1);
    }
    static long long count(std::size_t n) { return static_cast<long long>(n); }
    static LaunchShape sum_shape(int blocks) { return {dim3(static_cast<unsigned>(blocks)), dim3(threads), threads * sizeof(float)}; }

    template <class... Parameters, class... Arguments>
    void start(const char* name, void (*kernel)(Parameters...), std::size_t items, Arguments&&... arguments) {
        launch(device_, name, kernel, one_thread_each(count(items), threads), static_cast<Arguments&&>(arguments)...);
    }

    double sum(const float* a, const float* b, std::size_t items) {
        launch(device_, "partial_sums", partial_sums, sum_shape(sum_blocks), a, b, count(items), sums_.data());
        float parts[sum_blocks];
        copy_to_host(device_, sums_.data(), sum_blocks, parts);
        device_.synchronize("a step of the solver");
        double total = 0;
        for (const float part : parts) total += static_cast<double>(part);
        return total;
    }

    void make_operator(const DeviceEquations& equations) {
        start("centre_kernel", centre_kernel, cube(2 * box_), equations.kernel.data(), nullptr, box_, doubled_.data());
        doubled_forward_.forward(doubled_.data(), doubled_spectrum_.data());
        start("make_multiplier", make_multiplier, doubled_coefficients_, doubled_spectrum_.data(), prior_, 2 * box_, multiplier_.data());
    }

    // T. Chan's circulant operator; see fourier/circulant_preconditioner.cpp.
    void make_preconditioner(const DeviceEquations& equations) {
        constexpr double least_share = 3;
        const double cubed = std::pow(static_cast<double>(box_), 3);
        start("pad", pad, cube(2 * box_), mask_.data(), box_, doubled_.data());
        doubled_forward_.forward(doubled_.data(), doubled_spectrum_.data());
        start("to_power", to_power, doubled_coefficients_, count(doubled_coefficients_), doubled_spectrum_.data());
        DeviceBuffer<float> overlap(device_, cube(2 * box_), "the mask's self-overlap");
        doubled_inverse_.inverse(doubled_spectrum_.data(), overlap.data());
        start("centre_kernel", centre_kernel, cube(2 * box_), equations.kernel.data(), overlap.data(), box_, doubled_.data());
        doubled_forward_.forward(doubled_.data(), doubled_spectrum_.data());
        start("make_eigenvalues", make_eigenvalues, coefficients_, doubled_spectrum_.data(), prior_, box_, preconditioner_.data());
        const double mean = sum(preconditioner_.data(), nullptr, coefficients_) / static_cast<double>(coefficients_);
        start("invert", invert, coefficients_, static_cast<float>(mean / cubed), static_cast<float>(least_share * mean),
              count(coefficients_), preconditioner_.data());
    }

    Device& device_;
    int box_;
    std::size_t voxels_, coefficients_, doubled_coefficients_;
    FftPlan forward_, inverse_, doubled_forward_, doubled_inverse_;
    DeviceBuffer<float> doubled_;
    DeviceBuffer<float2> doubled_spectrum_, spectrum_;
    DeviceBuffer<float> multiplier_, preconditioner_, band_, mask_, prior_shells_, sums_;
    DeviceBuffer<Recurrence> recurrence_;
    Prior prior_{};
};

}  // namespace

// The map is sought as B M u, mask M first, band limit B second: the normal operator for u is M B A B M.
DeviceBuffer<float> solve(Device& device, const DeviceEquations& equations, const DeviceSolveProblem& problem) {
    Solver solver(device, equations, problem);
    const std::size_t n = solver.voxels();
    const auto buffer = [&](const char* what) { return DeviceBuffer<float>(device, n, what); };
    DeviceBuffer<float> map = buffer("the map"), residual = buffer("the residual"), improved = buffer("the preconditioned residual"),
                        direction = buffer("the direction"), limited = buffer("the limited direction"), product = buffer("the product");
    clear(device, map);
    copy_on_device(device, equations.right_side.data(), n, residual.data());
    solver.limit(residual.data());
    solver.mask(residual.data());
    solver.precondition(residual.data(), improved.data());
    copy_on_device(device, improved.data(), n, direction.data());
    solver.begin(residual.data(), improved.data(), problem.tolerance);
    const auto step = [&] {
        copy_on_device(device, direction.data(), n, limited.data());
        solver.mask(limited.data());
        if (solver.masked()) solver.limit(limited.data());  // without a mask every direction is within the band already
        solver.apply_normal(limited.data(), product.data());
        solver.limit(product.data());
        solver.mask(product.data());
        solver.step_along_direction(direction.data(), product.data(), map.data(), residual.data());
        solver.precondition(residual.data(), improved.data());
        solver.turn_direction(residual.data(), improved.data(), direction.data());
    };
    RepeatedWork steps(device, "a step of the solution for a map of " + std::to_string(equations.box) + "^3");
    for (int done = 0; done < problem.steps; done++) {
        if (done > 0 && done % steps_between_looks == 0 && !solver.going()) break;  // the steps since then have changed nothing
        steps.run(step);
    }
    solver.mask(map.data());
    solver.limit(map.data());
    device.synchronize("solution of the normal equations");
    return map;
}

void add_equations(Device& device, DeviceEquations& into, const DeviceEquations& other, float sign) {
    if (into.box != other.box)
        refuse("Normal equations of box " + std::to_string(other.box) + " cannot be added to those of box " + std::to_string(into.box) + ".");
    const auto add = [&](const DeviceBuffer<float>& from, DeviceBuffer<float>& to) {
        const auto all = static_cast<long long>(from.size());
        launch(device, "add_scaled", add_scaled, one_thread_each(all, threads), sign, from.data(), all, to.data());
    };
    add(other.right_side, into.right_side);
    add(other.kernel, into.kernel);
}

}  // namespace tumble::cuda
