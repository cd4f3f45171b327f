// What this build is and where it can work. Declared in include/tumble/build_information.hpp.
#include "tumble/build_information.hpp"

#include "backend/loader.hpp"
#include "core/build_facts.hpp"

namespace tumble {

BuildInformation build_information() {
    BuildInformation info = build_facts();
    info.backends = backend::backend_list();
    return info;
}

}  // namespace tumble
