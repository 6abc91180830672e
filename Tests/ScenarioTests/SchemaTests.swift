import Evidence
import Scenario
import Testing

/// The schema and the reader say the same of the same files.
@Suite struct SchemaTests {
    private let schema = ScenarioSchema(vocabulary: ExampleScenario.vocabulary).document

    @Test func everyReferenceIsDefined() {
        let definitions = schema.object?["$defs"]?.object ?? [:]
        #expect(!definitions.isEmpty)
        for name in references(in: schema) { #expect(definitions[name] != nil, "\(name)") }
    }

    @Test func namesWhatTheVocabularyNames() {
        let text = schema.text
        for fault in ExampleScenario.vocabulary.faults { #expect(text.contains(fault.name)) }
        for defect in ExampleScenario.vocabulary.defects { #expect(text.contains(defect.name)) }
        for cause in Cause.allCases { #expect(text.contains(cause.rawValue)) }
    }

    /// A key that the schema has and the reader refuses, or the other way round, would be a lie to the editor.
    @Test func topLevelKeysAreThoseOfTheReader() {
        let properties = schema.object?["properties"]?.object ?? [:]
        for key in properties.keys where ExampleScenario.text.split(separator: "\n").allSatisfy({ !$0.hasPrefix("\(key):") }) {
            let problems = ExampleScenario.problems(ExampleScenario.text + "\n\(key):\n")
            #expect(!problems.contains { $0.code == .unknownKey }, "\(key)")
        }
        let unknown = ExampleScenario.problems(ExampleScenario.text + "\nzzz: 1\n")
        let told = unknown.compactMap(\.hint).joined()
        #expect(properties["zzz"] == nil && !told.isEmpty)
    }

    @Test func permissiveVocabularyGivesASchemaToo() {
        let schema = ScenarioSchema(vocabulary: .permissive).document
        #expect(schema.object?["properties"]?.object?["faults"] != nil)
    }

    private func references(in value: JSONValue) -> Set<String> {
        switch value {
        case .array(let values): values.reduce(into: []) { $0.formUnion(references(in: $1)) }
        case .object(let members):
            members.reduce(into: []) { names, member in
                if member.key == "$ref", let target = member.value.string { names.insert(String(target.split(separator: "/").last ?? "")) }
                names.formUnion(references(in: member.value))
            }
        default: []
        }
    }
}
