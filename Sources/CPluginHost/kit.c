// The header and the examples' folders, as `syrinx plugin new` writes them: the files themselves, as the build finds them.
#pragma clang diagnostic ignored "-Wc23-extensions"
#include "CPluginHost.h"

static const unsigned char header[] = {
#embed "../SyrinxPlugin/include/syrinx_plugin.h"
};

static const unsigned char c_source[] = {
#embed "../../Examples/plugins/c/c_gain.c"
};
static const unsigned char c_make[] = {
#embed "../../Examples/plugins/c/Makefile"
};
static const unsigned char c_readme[] = {
#embed "../../Examples/plugins/c/README.md"
};
static const unsigned char c_pipeline[] = {
#embed "../../Examples/plugins/c/c_gain.json"
};
static const unsigned char c_ignored[] = {
#embed "../../Examples/plugins/c/.gitignore"
};

static const unsigned char cpp_source[] = {
#embed "../../Examples/plugins/cpp/cpp_echo.cpp"
};
static const unsigned char cpp_make[] = {
#embed "../../Examples/plugins/cpp/Makefile"
};
static const unsigned char cpp_readme[] = {
#embed "../../Examples/plugins/cpp/README.md"
};
static const unsigned char cpp_pipeline[] = {
#embed "../../Examples/plugins/cpp/cpp_echo.json"
};
static const unsigned char cpp_ignored[] = {
#embed "../../Examples/plugins/cpp/.gitignore"
};

static const unsigned char swift_package[] = {
#embed "../../Examples/plugins/swift/Package.swift"
};
static const unsigned char swift_make[] = {
#embed "../../Examples/plugins/swift/Makefile"
};
static const unsigned char swift_readme[] = {
#embed "../../Examples/plugins/swift/README.md"
};
static const unsigned char swift_pipeline[] = {
#embed "../../Examples/plugins/swift/swift_drive.json"
};
static const unsigned char swift_ignored[] = {
#embed "../../Examples/plugins/swift/.gitignore"
};
static const unsigned char swift_map[] = {
#embed "../../Examples/plugins/swift/Sources/CSyrinxPlugin/include/module.modulemap"
};
static const unsigned char swift_c[] = {
#embed "../../Examples/plugins/swift/Sources/CSyrinxPlugin/plugin.c"
};
static const unsigned char swift_node[] = {
#embed "../../Examples/plugins/swift/Sources/SyrinxPluginKit/PluginNode.swift"
};
static const unsigned char swift_entry[] = {
#embed "../../Examples/plugins/swift/Sources/SyrinxPluginKit/PluginEntry.swift"
};
static const unsigned char swift_source[] = {
#embed "../../Examples/plugins/swift/Sources/swift_drive/Drive.swift"
};

#define KIT_FILE(language, path, bytes) {language, path, bytes, sizeof bytes}

static const syrinx_kit_file files[] = {
    KIT_FILE("c", "syrinx_plugin.h", header),
    KIT_FILE("c", "c_gain.c", c_source),
    KIT_FILE("c", "Makefile", c_make),
    KIT_FILE("c", "README.md", c_readme),
    KIT_FILE("c", "c_gain.json", c_pipeline),
    KIT_FILE("c", ".gitignore", c_ignored),
    KIT_FILE("cpp", "syrinx_plugin.h", header),
    KIT_FILE("cpp", "cpp_echo.cpp", cpp_source),
    KIT_FILE("cpp", "Makefile", cpp_make),
    KIT_FILE("cpp", "README.md", cpp_readme),
    KIT_FILE("cpp", "cpp_echo.json", cpp_pipeline),
    KIT_FILE("cpp", ".gitignore", cpp_ignored),
    KIT_FILE("swift", "Sources/CSyrinxPlugin/include/syrinx_plugin.h", header),
    KIT_FILE("swift", "Sources/CSyrinxPlugin/include/module.modulemap", swift_map),
    KIT_FILE("swift", "Sources/CSyrinxPlugin/plugin.c", swift_c),
    KIT_FILE("swift", "Sources/SyrinxPluginKit/PluginNode.swift", swift_node),
    KIT_FILE("swift", "Sources/SyrinxPluginKit/PluginEntry.swift", swift_entry),
    KIT_FILE("swift", "Sources/swift_drive/Drive.swift", swift_source),
    KIT_FILE("swift", "Package.swift", swift_package),
    KIT_FILE("swift", "Makefile", swift_make),
    KIT_FILE("swift", "README.md", swift_readme),
    KIT_FILE("swift", "swift_drive.json", swift_pipeline),
    KIT_FILE("swift", ".gitignore", swift_ignored),
};

syrinx_kit_file syrinx_kit(size_t index) {
  return index < sizeof files / sizeof *files ? files[index] : (syrinx_kit_file){0};
}
