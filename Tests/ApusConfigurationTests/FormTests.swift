import ApusConfiguration
import Testing

/// How files write values: forms, and the JSON Schema that follows from them.
@Suite struct FormTests {
    @Test func schemaOfAMill() {
        #expect(
            JSONSchema("A mill", Mill.self).description == #"""
                {
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
                  "title": "A mill",
                  "anyOf": [
                    {"type": "integer"},
                    {
                      "type": "object",
                      "properties": {
                        "stones": {"type": "integer", "description": "How many stones turn"},
                        "speed": {"type": "number", "default": 0.5},
                        "grain": {"$ref": "#/$defs/Grain", "default": "rye"},
                        "names": {
                          "type": "array",
                          "items": {"type": "string"},
                          "default": []
                        },
                        "fan": {
                          "anyOf": [
                            {"type": "boolean"},
                            {"type": "null"}
                          ],
                          "default": null
                        }
                      },
                      "required": ["stones"],
                      "additionalProperties": false
                    }
                  ],
                  "$defs": {
                    "Grain": {
                      "description": "One grain",
                      "oneOf": [
                        {
                          "enum": ["rye", "roggen", "wheat", "mix", "seeded"]
                        },
                        {
                          "type": "object",
                          "properties": {
                            "rye": {"type": "object", "maxProperties": 0}
                          },
                          "required": ["rye"],
                          "additionalProperties": false
                        },
                        {
                          "type": "object",
                          "properties": {
                            "roggen": {"type": "object", "maxProperties": 0}
                          },
                          "required": ["roggen"],
                          "additionalProperties": false
                        },
                        {
                          "type": "object",
                          "properties": {
                            "wheat": {
                              "anyOf": [
                                {"type": "number"},
                                {
                                  "type": "object",
                                  "properties": {
                                    "share": {"type": "number", "default": 0.25}
                                  },
                                  "additionalProperties": false
                                }
                              ]
                            }
                          },
                          "required": ["wheat"],
                          "additionalProperties": false
                        },
                        {
                          "type": "object",
                          "properties": {
                            "mix": {
                              "anyOf": [
                                {"type": "integer"},
                                {
                                  "type": "object",
                                  "properties": {
                                    "low": {"type": "integer", "default": 1},
                                    "high": {"type": "integer", "default": 3}
                                  },
                                  "additionalProperties": false
                                }
                              ]
                            }
                          },
                          "required": ["mix"],
                          "additionalProperties": false
                        },
                        {
                          "type": "object",
                          "properties": {
                            "seeded": {
                              "anyOf": [
                                {"type": "integer"},
                                {
                                  "type": "object",
                                  "properties": {
                                    "value": {"type": "integer", "default": 7}
                                  },
                                  "additionalProperties": false
                                }
                              ]
                            }
                          },
                          "required": ["seeded"],
                          "additionalProperties": false
                        },
                        {
                          "type": "object",
                          "properties": {
                            "sacks": {
                              "anyOf": [
                                {"type": "integer"},
                                {
                                  "type": "object",
                                  "properties": {
                                    "count": {"type": "integer"}
                                  },
                                  "required": ["count"],
                                  "additionalProperties": false
                                }
                              ]
                            }
                          },
                          "required": ["sacks"],
                          "additionalProperties": false
                        }
                      ]
                    }
                  }
                }
                """#)
    }

    @Test func schemaOfWhatIsWritten() {
        #expect(
            JSONSchema("A sluice", Sluice.self).description == #"""
                {
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
                  "title": "A sluice",
                  "anyOf": [
                    {"type": "number"},
                    {
                      "type": "object",
                      "properties": {
                        "height": {"type": "number", "default": 1.5},
                        "side": {
                          "enum": ["left", "right"],
                          "default": "left"
                        }
                      },
                      "additionalProperties": false
                    }
                  ],
                  "$defs": {}
                }
                """#)
        #expect(JSONSchema("A label", Label.self).description.contains(#""type": "string""#))
        #expect(
            JSONSchema("Shares", [String: [Double]].self).description == #"""
                {
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
                  "title": "Shares",
                  "type": "object",
                  "additionalProperties": {
                    "type": "array",
                    "items": {"type": "number"}
                  },
                  "$defs": {}
                }
                """#)
    }

    @Test func constants() throws {
        let constants = try #require(Form.type(Mill.self).constants)
        #expect(constants.map(\.name) == Mill.schema.names)
        #expect(constants.map(\.isRequired) == [true, false, false, false, false])
        #expect(constants.map(\.isLeading) == [true, false, false, false, false])
        #expect(constants.map { $0.defaultJSON ?? "–" } == ["–", "0.5", #""rye""#, "[]", "null"])
        #expect(constants[0].help == "How many stones turn")
        #expect(constants[2].form.kinds?.what == "grain")
        #expect(constants[3].form.element.map { if case .text = $0.resolved { true } else { false } } == true)
        #expect(constants[4].form.alternatives.count == 2)
    }

    @Test func kinds() throws {
        let kinds = try #require(Grain.form.kinds)
        #expect(kinds.kinds.map(\.isBare) == [true, true, true, true, false])
        #expect(kinds.kind("WHEAT")?.name == "wheat" && kinds.kind("roggen")?.name == "rye")
        #expect(kinds.kind("barley") == nil)
        #expect(kinds.kind("rye")?.content == nil)
        let more = try #require(kinds.kind("wheat")?.adding([Form.Constant("price", .number)]).content?.constants)
        #expect(more.map(\.name) == ["share", "price"])
        #expect(
            kinds.kind("rye")?.adding([Form.Constant("price", .number)]).content?.constants?.map(\.name) == ["price"])
    }

    @Test func words() {
        guard case .words(let words) = Form.of(Side.self) else {
            Issue.record("a choice is no words")
            return
        }
        #expect(words == ["left", "right"])
    }
}
