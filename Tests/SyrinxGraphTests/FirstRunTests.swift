import BasicPlugin
import SyrinxCore
import SyrinxGraph
import Testing

@Suite("probe")
struct ProbeTests {
    @Test("runs")
    func runs() throws {
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        let document = PipelineDocument(
            nodes: [DocumentNode(id: "a", type: "gain"), DocumentNode(id: "b", type: "gain")],
            links: [DocumentLink("a -> b")])
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        for fault in faults { print(fault.line(file: "x.json")) }
        let (resolved, more) = PipelineResolver(registry: registry).resolve(try #require(checked), access: .all)
        for fault in more { print(fault.line(file: "x.json")) }
        let (plan, even) = PlanCompiler.compile(try #require(resolved))
        for fault in even { print(fault.line(file: "x.json")) }
        let executor = Executor(try #require(plan))
        executor.render(480)
        print(executor.stepTimes, executor.plan.sampleBytes)
    }
}
