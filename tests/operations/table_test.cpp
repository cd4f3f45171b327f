// What every table promises beyond its operations: devices described, contexts refused, arrays only where they may lie.
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "operations/every_table.hpp"

using namespace tumble;
using namespace tumble::testing;
using namespace tumble::backend;

namespace {

/// A context of device 0 that lives as long as the object.
class Session0 {
  public:
    explicit Session0(const Operations& table) : table_(table) {
        const ContextArguments arguments{0, 1, &pool_, nullptr, 0};
        REQUIRE(table.context_create(&arguments, &context_) == status_good);
    }
    ~Session0() { table_.context_destroy(context_); }
    Session0(const Session0&) = delete;
    Session0& operator=(const Session0&) = delete;
    Context* get() const { return context_; }
    std::string error() const { return table_.error_text(context_); }

  private:
    const Operations& table_;
    ThreadPool pool_{1};
    Context* context_ = nullptr;
};

}  // namespace

TEST_CASE("devices are described by name and memory, and only those that there are", "[table]") {
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        std::int32_t devices = 0;
        REQUIRE(named.table->device_count(&devices) == status_good);
        REQUIRE(devices >= 1);
        for (std::int32_t d = 0; d < devices; d++) {
            DeviceDescription found;
            std::memset(&found, 0x7f, sizeof found);
            REQUIRE(named.table->device_describe(d, &found) == status_good);
            REQUIRE(std::memchr(found.name, 0, sizeof found.name) != nullptr);
            CHECK(std::strlen(found.name) > 0);
            CHECK(found.free_bytes <= found.total_bytes);
            if (named.name == "cpu") continue;
            CHECK(found.free_bytes > 0);
            CHECK(found.multiprocessors > 0);
            CHECK(found.major >= 8);
        }
        if (named.name == "cpu") continue;
        DeviceDescription beyond;
        std::memset(&beyond, 0x7f, sizeof beyond);
        CHECK(named.table->device_describe(devices, &beyond) == status_device);
        CHECK(beyond.total_bytes == 0);
        CHECK(beyond.name[0] == 0);
    }
}

TEST_CASE("a context on a device that is not there is refused with its number, in as many letters as there is room for", "[table]") {
    for (const NamedTable& named : every_table()) {
        if (named.name == "cpu") continue;
        INFO(named.name);
        ThreadPool pool(1);
        std::string whole;
        for (const int device : {-1, 99})
            for (const std::int64_t room : {300, 1, 12, 0}) {
                std::vector<char> text(400, 'x');
                const ContextArguments arguments{device, 1, &pool, text.data(), room};
                Context* context = reinterpret_cast<Context*>(&pool);
                CHECK(named.table->context_create(&arguments, &context) == status_device);
                CHECK(context == nullptr);
                const auto end = static_cast<std::size_t>(room);
                CHECK(std::string(text.data() + end, text.size() - end) == std::string(text.size() - end, 'x'));
                if (room == 300) whole = text.data();
                else if (room > 0) CHECK(std::string(text.data()) == whole.substr(0, end - 1));
                if (room == 300) CHECK(whole.find("device " + std::to_string(device)) != std::string::npos);
            }
        const ContextArguments silent{99, 1, &pool, nullptr, 0};
        Context* context = nullptr;
        CHECK(named.table->context_create(&silent, &context) == status_device);
        named.table->context_destroy(nullptr);
    }
}

TEST_CASE("arrays that do not lie in the host's memory are refused, and the context goes on", "[table]") {
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Session0 session(*named.table);
        constexpr std::int32_t elsewhere = 77;
        const std::vector<float> map(8 * 8 * 8, 1.0f);
        TransformArguments arguments{map.data(), 8, elsewhere, 5, 0, 1.5, 1.5};
        Transform* transform = nullptr;
        CHECK(named.table->transform_create(session.get(), &arguments, &transform) == status_device);
        CHECK(transform == nullptr);
        CHECK(session.error().find("memory space " + std::to_string(elsewhere)) != std::string::npos);
        CHECK(session.error().find("expected " + std::to_string(memory_host)) != std::string::npos);
        arguments.memory = memory_host;
        CHECK(named.table->transform_create(session.get(), &arguments, &transform) == status_good);
        CHECK(transform != nullptr);
        named.table->transform_destroy(session.get(), transform);
        named.table->transform_destroy(session.get(), nullptr);
    }
}
