import SyrinxConfig
import SyrinxCore

/// Reads text as a pipeline file.
func read(_ text: String, _ lookup: Lookup = Lookup(.check, environment: { _ in nil }), folder: String = ".")
    -> ReadDocument
{
    DocumentReader.read(Array(text.utf8), named: "p.json", folder: folder, lookup)
}

/// The report of a pipeline file, line by line.
func report(_ text: String, _ lookup: Lookup = Lookup(.check, environment: { _ in nil })) -> [String] {
    read(text, lookup).faults.map { $0.line(file: "p.json") }
}

/// The report of a file in which one node, `a`, has the given members.
func reportOfNode(_ members: String, _ lookup: Lookup = Lookup(.check, environment: { _ in nil })) -> [String] {
    report(#"{"syrinx":1,"nodes":{"a":{"type":"t",\#(members)}}}"#, lookup)
}

/// The value of the parameter `p` of the only node.
func parameter(_ value: String, vars: String = "{}", _ lookup: Lookup = Lookup(.check, environment: { _ in nil }))
    -> DocumentValue.Content?
{
    let text = #"{"syrinx":1,"vars":\#(vars),"nodes":{"a":{"type":"t","p":\#(value)}}}"#
    return read(text, lookup).document.nodes.first?.parameters.first?.value.content
}

extension ReadDocument {
    var lines: [String] { faults.map { $0.line(file: document.file) } }
}
