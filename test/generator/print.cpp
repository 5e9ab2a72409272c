#include "print.hpp"

#include <ostream>
#include <string>

namespace generator {

// The headers of the interpreter in the order of their layers, made by CMake.
extern const char* const interpreter_source;

namespace {

struct fields
{
    std::string text;

    void add(const char* name, int value, int usual)
    {
        if (value != usual)
            text += (text.empty() ? "" : ", ") + std::string(".") + name + " = "
                + std::to_string(value);
    }
    void add(const char* name, bool value)
    {
        if (value)
            text += (text.empty() ? "" : ", ") + std::string(".") + name + " = true";
    }
};

std::string source_of(const step& s, const std::string& indent)
{
    fields f;
    f.text = std::string(".what = verb::") + name_of(s.what);
    f.add("object", s.object, -1);
    f.add("other", s.other, -1);
    f.add("amount", s.amount, 0);
    f.add("op", s.op, -1);
    if (s.as != form::plain)
        f.text += std::string(", .as = form::") + name_of(s.as);
    f.add("strand", s.strand, -1);
    f.add("slot", s.slot);
    f.add("again", s.again, 0);
    f.add("keep", s.keep);
    if (!s.then.empty())
    {
        f.text += ", .then = {\n";
        for (const step& nested : s.then)
            f.text += indent + "    " + source_of(nested, indent + "    ") + ",\n";
        f.text += indent + '}';
    }
    return '{' + f.text + '}';
}

void print_step(const step& s, const std::string& indent, std::ostream& out)
{
    fields f;
    f.add("other", s.other, -1);
    if (s.what != verb::make && s.what != verb::make_pair)
        f.add("amount", s.amount, 0);
    f.add("strand", s.strand, -1);
    f.add("slot", s.slot);
    f.add("again", s.again, 0);
    f.add("keep", s.keep);
    out << indent << name_of(s.what);
    if (s.what == verb::make || s.what == verb::make_pair)
        out << ' ' << name_of(static_cast<kind>(s.amount));
    if (s.object >= 0)
        out << " object " << s.object;
    if (s.op >= 0)
        out << " op " << s.op;
    if (s.as != form::plain)
        out << ' ' << name_of(s.as);
    out << (f.text.empty() ? "" : "  ") << f.text << '\n';
    for (const step& nested : s.then)
        print_step(nested, indent + "      then ", out);
}

} // namespace

void print_steps(const program& p, std::ostream& out)
{
    int i = 0;
    for (const step& s : p.steps)
        print_step(s, std::to_string(i++) + ' ', out);
}

void print_source(const program& p, std::uint64_t seed, std::ostream& out)
{
    out << "// Seed " << seed << ", runners " << p.runners << ".\n"
        << "//   g++ -std=c++20 -pthread this.cpp\n"
        << "//   g++ -std=c++20 -pthread -DIO_CONTEXT=proactor::io_context "
           "-DIO_CONTEXT_HEADER='<proactor.hpp>' ...\n"
        << interpreter_source << "\n#include <csignal>\n#include <iostream>\n\n"
        << "using namespace generator;\n\nconst program seed_" << seed
        << "{\n    .runners = " << p.runners << ", .ops = " << p.ops << ", .objects = " << p.objects
        << ", .counted = " << (p.counted ? "true" : "false") << ", .steps = {\n";
    for (const step& s : p.steps)
        out << "    " << source_of(s, "    ") << ",\n";
    out << "}};\n\nint main()\n{\n    ::signal(SIGPIPE, SIG_IGN);\n    std::cout << "
           "interpreter(seed_"
        << seed << ").run();\n}\n";
}

} // namespace generator
