//
// A body is a function with a name; each runs in a process of its own (see main.cpp).
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_REGISTRY_HPP
#define PROACTOR_TEST_DIFFERENTIAL_REGISTRY_HPP

#include "context.hpp"
#include "log.hpp"

#include <map>
#include <string>

namespace differential {

using body = void (*)();

/// All bodies by name; sorted, so that the order of translation units does not matter.
std::map<std::string, body>& bodies();

struct registration
{
    registration(const char* topic, const char* name, body function)
    {
        bodies().emplace(std::string(topic) + '.' + name, function);
    }
};

} // namespace differential

/// Opens the definition of the body "topic.name"; to be used inside namespace differential.
#define PROACTOR_TEST_BODY(topic, name)                                                            \
    static void topic##_##name();                                                                  \
    static const ::differential::registration topic##_##name##_registration(#topic, #name,         \
                                                                            &topic##_##name);      \
    static void topic##_##name()

#endif
