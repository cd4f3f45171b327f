// Copies beside the work: the pieces arrive whole and in order, and the emulated device shows an order that is missing.
#include "runtime/staged_copies.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "controls.hpp"
#include "runtime/launch.hpp"

using namespace tumble::cuda;

namespace {

const emulation::Controls& controls = *tumble_emulation_controls();

__global__ void __launch_bounds__(32) add_one(const float* in, int count, float* out) {
    for (int i = static_cast<int>(threadIdx.x); i < count; i += 32) out[i] = in[i] + 1.0f;
}

void add_one_to(Device& device, const void* in, int count, float* out) {
    launch(device, "add_one", add_one, LaunchShape{dim3(1), dim3(32), 0}, static_cast<const float*>(in), count, out);
}

struct Fresh {
    Fresh() { controls.reset(); }
    ~Fresh() { controls.reset(); }
};

}  // namespace

TEST_CASE("staged copies: pieces go up, are worked on and come back, more of them than there are buffers") {
    const Fresh fresh;
    const auto before = controls.live();
    {
        Device device(0);
        for (const int pieces : {1, 2, 3, 7}) {
            constexpr int piece = 50;
            const int values = piece * pieces - 13;  // the last is shorter
            std::vector<float> in, out(static_cast<std::size_t>(values));
            for (int i = 0; i < values; i++) in.push_back(static_cast<float>(i));
            DeviceBuffer<float> kept(device, in.size(), "results");
            StagedUpload up(device, piece * sizeof(float), "pieces");
            StagedDownload down(device, piece * sizeof(float), "results");
            for (int first = 0; first < values; first += piece) {
                const int count = std::min(piece, values - first);
                std::vector<float> passing(in.begin() + first, in.begin() + first + count);
                up.send(passing.data(), passing.size() * sizeof(float));
                passing.assign(passing.size(), -1.0f);
                add_one_to(device, up.take(), count, kept.data() + first);
                up.done();
                down.fetch(kept.data() + first, static_cast<std::size_t>(count) * sizeof(float), out.data() + first);
            }
            down.finish();
            for (float& v : in) v += 1;
            CHECK(out == in);
        }
    }
    const auto after = controls.live();
    CHECK(after.allocations == before.allocations);
    CHECK(after.host_allocations == before.host_allocations);
    CHECK(after.streams == before.streams);
    CHECK(after.events == before.events);
    CHECK(std::string(controls.last_fault()).empty());
}

TEST_CASE("staged copies, planted: a kernel that does not wait for the copy that it reads") {
    const Fresh fresh;
    Device device(0);
    const Stream copies;
    const PinnedMemory pinned(4, "a value");
    auto* value = reinterpret_cast<float*>(pinned.data());
    DeviceBuffer<float> in(device, 1, "a value"), out(device, 1, "a value");
    for (const bool waits : {false, true}) {
        Event arrived;
        *value = 3;
        clear(device, in);
        copy_to_device(copies.get(), value, 1, in.data());
        arrived.record(copies.get());
        if (waits) arrived.hold(device.stream());
        add_one_to(device, in.data(), 1, out.data());
        float result = 0;
        copy_to_host(device, out.data(), 1, &result);
        device.synchronize("the kernel");
        CHECK((result == 4) == waits);
        arrived.wait("the copy");
    }
}

TEST_CASE("staged copies, planted: page-locked memory that is written while a copy reads it") {
    const Fresh fresh;
    Device device(0);
    const Stream copies;
    const PinnedMemory pinned(4, "a value");
    auto* value = reinterpret_cast<float*>(pinned.data());
    DeviceBuffer<float> in(device, 1, "a value");
    for (const bool waits : {false, true}) {
        Event arrived;
        *value = 3;
        copy_to_device(copies.get(), value, 1, in.data());
        arrived.record(copies.get());
        if (waits) arrived.wait("the copy");
        *value = 5;
        arrived.hold(device.stream());
        float result = 0;
        copy_to_host(device, in.data(), 1, &result);
        device.synchronize("the copy");
        CHECK(result == (waits ? 3 : 5));
    }
}

TEST_CASE("staged copies, planted: a copy to the host that does not wait for the kernel") {
    const Fresh fresh;
    Device device(0);
    const Stream copies;
    const PinnedMemory pinned(4, "a value");
    auto* value = reinterpret_cast<float*>(pinned.data());
    DeviceBuffer<float> in(device, 1, "a value"), out(device, 1, "a value");
    clear(device, in);
    Event made;
    made.record(device.stream());
    add_one_to(device, in.data(), 1, out.data());
    made.hold(copies.get());  // of before the kernel
    CHECK_THROWS_AS(copy_to_host(copies.get(), out.data(), 1, value), DeviceError);
    CHECK(std::string(controls.last_fault()).find("not waited for") != std::string::npos);
    made.record(device.stream());
    made.hold(copies.get());
    copy_to_host(copies.get(), out.data(), 1, value);
    CHECK(std::isnan(*value));
    Event arrived;
    arrived.record(copies.get());
    arrived.wait("the copy");
    CHECK(*value == 1);
}

TEST_CASE("staged copies: memory that is given back under a copy") {
    const Fresh fresh;
    Device device(0);
    const Stream copies;
    const PinnedMemory pinned(4, "a value");
    {
        DeviceBuffer<float> in(device, 1, "a value");
        copy_to_device(copies.get(), reinterpret_cast<const float*>(pinned.data()), 1, in.data());
    }
    CHECK(std::string(controls.last_fault()).find("a copy under way") != std::string::npos);
}
