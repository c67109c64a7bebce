import ApusConfigurationFiles
import ApusConfiguration
import ApusTestKit
import Testing

/// Files of settings, and settings above them.
@Suite struct LayeredFileTests {
    private func file(_ lines: String = "") throws -> LayeredFile<Recipe> {
        try LayeredFile(yaml: "name: soup\n\(lines)", path: "a.yaml")
    }

    // MARK: Settings

    @Test func settingsReplaceValues() throws {
        #expect(try file().setting("minutes", to: "5").value().minutes == 5)
        #expect(try file("minutes: 4").setting("minutes", to: "5").setting("minutes", to: "6").value().minutes == 6)
        #expect(try file("steps: [cut, cook]").setting("steps.1", to: "bake").value().steps == ["cut", "bake"])
    }

    /// A value in place of the arguments is the leading one, and stays.
    @Test func constantsJoinTheLeadingOne() throws {
        let oven = try file("oven: 3").setting("oven.fan", to: "true").value().oven
        #expect(oven.shelf == 3 && oven.fan == true)
    }

    @Test func anotherKindTakesThePlace() throws {
        #expect(try file("heat: low").setting("heat.high.degrees", to: "200").value().heat == .high(degrees: 200))
        #expect(try file("heat: {high: 200}").setting("heat", to: "low").value().heat == .low)
    }

    @Test(arguments: [
        ("minute", "minute can't be set: there is no key minute (did you mean minutes?)"),
        ("oven.door", "oven.door can't be set: there is no key door (known are shelf, fan) at oven"),
        ("heat.hihg", "heat.hihg can't be set: there is no heat hihg (did you mean high?) at heat"),
        ("heat.degrees", "heat.degrees can't be set: degrees is an argument of high (did you mean heat.high.degrees?)"),
        ("name.x", "name.x can't be set: name is \"soup\" and has nothing inside"),
        ("steps.2", "steps.2 can't be set: steps is a list; expected a place from 0 to 1 but received 2"),
        ("oven..fan", "expected a path such as optimizer.adam.learningRate but received \"oven..fan\""),
    ]) func pathsThatLeadNowhere(path: String, expected: String) throws {
        let file = try file("heat: {high: 200}\nsteps: [cut, cook]")
        #expect(message { try file.setting(path, to: "1") } == expected)
    }

    @Test func mappingsAreJoined() throws {
        let upper = try LayeredFile<Recipe>(yaml: "{oven: {fan: true}, minutes: 9}", path: "b.yaml")
        let joined = try file("oven: {shelf: 2}\nminutes: 4\nshare: 0.25").merging(upper).value()
        #expect(joined == Recipe(name: "soup", minutes: 9, oven: Oven(shelf: 2, fan: true), share: 0.25))
    }

    /// Keys may hold points; mappings that are missing are made, beside what there is.
    @Test func keysAreReplaced() throws {
        let file = try file("minutes: 4").replacing("oven", "shelf", with: 2)
        #expect(try file.value() == Recipe(name: "soup", minutes: 4, oven: Oven(shelf: 2)))
        #expect(try file.replacing("oven", "fan", with: false).value().oven == Oven(shelf: 2, fan: false))
        #expect(try file.replacing("minutes", with: Int?.none).value().minutes == 4)
        #expect(
            message { try file.replacing("a.b", with: 1).value() }.hasPrefix("the setting a.b=1: there is no key a.b"))
    }

    // MARK: Problems

    @Test func problemsNameThePlace() throws {
        func problem(_ text: String) -> ConfigurationError? {
            #expect(throws: ConfigurationError.self) { try file(text).value() }
        }
        #expect(
            problem("minutes: many")?.description
                == "a.yaml:2: expected a whole number but found \"many\" at minutes")
        #expect(problem("oven:\n  fan: 3")?.description == "a.yaml:3: expected true or false but found 3 at oven.fan")
        #expect(problem("heat: hihg")?.description == "a.yaml:2: there is no heat hihg (did you mean high?) at heat")
        #expect(problem("minutes: many")?.failureKind == .malformed)
        let set = #expect(throws: ConfigurationError.self) { try file().setting("minutes", to: "many").value() }
        #expect(set?.description == "the setting minutes=many: expected a whole number but found \"many\" at minutes")
        #expect(set?.failureKind == .setting)
    }

    @Test func allAreFoundInTheOrderOfTheFile() throws {
        let file = try LayeredFile<Recipe>(
            yaml: "share: half\ncolour: 3\noven: {shelf: 1, door: 2}\nminutes: 0\n", path: "a.yaml")
        let problems = file.problems(standIn: "x") {
            $0.minutes > 0 ? [] : [FileProblem(["minutes"], "expected some time but found \($0.minutes)")]
        }
        #expect(
            problems == [
                "a.yaml:1: the key name is missing",
                "a.yaml:1: expected a number but found \"half\" at share",
                "a.yaml:2: there is no key colour (known are name, minutes, oven, heat, steps, share)",
                "a.yaml:3: there is no key door (known are shelf, fan) at oven",
                "a.yaml:4: expected some time but found 0 at minutes",
            ])
    }

    // MARK: Writing

    /// Every key is there with its default and meaning, and the page reads as a value.
    @Test func thePageOfDefaultsIsAFile() throws {
        let page = DefaultsPage(Recipe.schema.constants, given: ["name": "soup"]).description
        #expect(try LayeredFile<Recipe>(yaml: page, path: "page.yaml").value() == Recipe(name: "soup"))
        #expect(
            page.hasPrefix("# What it is called. Must be given.\nname: soup\n\n# How long it takes.\nminutes: 30\n"))
        #expect(page.contains("# How hot it gets. Known are low, high.\nheat: low\n"))
        #expect(page.contains("\noven:\n  shelf: 1\n  # fan:\n"))
    }

    @Test func numbersAreWrittenExactly() throws {
        let recipe = Recipe(name: "soup", share: 0.1 + 0.2)
        #expect(try LayeredFile<Recipe>(yaml: try YAMLText.of(recipe), path: "b.yaml").value() == recipe)
    }
}
