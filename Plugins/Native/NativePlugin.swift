internal import Glibc
public import SyrinxCore

/// Node types of shared objects on the search path; Sources/SyrinxPlugin/include/syrinx_plugin.h is their side of it.
///
/// To be registered last: a name that is taken is refused. A file that is new, and a node with `isolate`, need a process of
/// their own: the program is started once more for it, and ``serveIfHelper()`` is what it does then.
public enum NativePlugin: NodePlugin {
    /// Does a helper process's work, and ends the process, if this is one; else returns at once.
    ///
    /// - Thread: main, as the first thing that a program does which registers this plugin.
    public static func serveIfHelper() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, arguments[1] == PluginHelper.command else { return }
        PluginServer.run(file: arguments[2])
        exit(0)
    }

    /// - Throws: in a helper process, which must not come as far as this: it would start helpers without end.
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        if CommandLine.arguments.dropFirst().first == PluginHelper.command {
            throw PipelineError(
                .usage, "this process was started to hold a plugin; call NativePlugin.serveIfHelper() first in main")
        }
        var catalogue = PluginCatalogue()
        catalogue.register(into: &registry)
    }
}
