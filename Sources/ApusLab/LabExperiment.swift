/// An experiment of the lab: a question, arms that answer it, and claims with thresholds.
///
/// It says only what is particular about it. Seeds, intervals, verdicts, files and pages are the lab's.
///
/// ```swift
/// struct CoinTosses: LabExperiment {
///     let about = LabAbout(
///         "coin", number: "X1", part: .foundations, title: Words("A coin", "동전"),
///         question: Words("Is the coin fair?", "동전은 공평한가?"),
///         setup: Words("A hundred tosses a seed.", "시드마다 백 번 던진다."),
///         lesson: Words("Held here.", "여기서는 성립한다."),
///         surprise: Words("Short runs look unfair.", "짧은 실험은 불공평해 보인다."))
///
///     func arms(_ size: LabSize) -> [LabArm<Int>] { [LabArm("tosses", Words("100 tosses", "100번"), 100)] }
///
///     func measure(_ tosses: Int, seed: UInt64) throws -> LabMeasurement {
///         let coins = Tensor.uniform([tosses], key: RandomKey(seed: seed))
///         return LabMeasurement(["heads": Double(coins.scalars.count { $0 < 0.5 }) / Double(tosses)])
///     }
///
///     var claims: [Claim] {
///         [
///             Claim(
///                 "fair", Words("Half of the tosses are heads.", "절반은 앞면이다."),
///                 statistic: Words("share of heads", "앞면의 비율"), .within(0.45...0.55), basis: .theory
///             ) { .mean($0["tosses"].numbers("heads")) }
///         ]
///     }
///
///     func figures(_ results: LabResults, in language: Language) -> [LabFigure] { [] }
/// }
/// ```
public protocol LabExperiment: Sendable {
    /// What tells one arm from another.
    associatedtype Setting: Codable & Hashable & Sendable

    /// What the experiment is, in words.
    var about: LabAbout { get }

    /// The arms; smaller ones where whole ones take long and the run is not whole.
    func arms(_ size: LabSize) -> [LabArm<Setting>]

    /// What has to be fetched before it can measure; nothing unless an experiment says so.
    func files(_ size: LabSize) -> [LabFile]

    /// Measures one arm with one seed: a pure function of both.
    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement

    /// Measures one arm with several seeds, for experiments that `measuresSeedsTogether`: the same as one by one.
    func measure(_ setting: Setting, seeds: [UInt64]) throws -> [LabMeasurement]

    /// Whether the seeds of an arm are measured together, as where many small trainings run side by side.
    var measuresSeedsTogether: Bool { get }

    /// The claims that the results decide.
    var claims: [Claim] { get }

    /// The pictures of the page.
    func figures(_ results: LabResults, in language: Language) -> [LabFigure]
}

extension LabExperiment {
    public func files(_ size: LabSize) -> [LabFile] { [] }

    public func measure(_ setting: Setting, seeds: [UInt64]) throws -> [LabMeasurement] {
        try seeds.map { try measure(setting, seed: $0) }
    }

    public var measuresSeedsTogether: Bool { false }
}

/// What an experiment of the lab is, in words.
///
/// ```swift
/// for about in Lab.experiments.map(\.about) where about.part == .signal {
///     print(about.number, about.title[.english], about.question[.korean])
/// }
/// ```
public struct LabAbout: Sendable {
    /// A part of the course.
    public enum Part: String, Sendable, Hashable, Codable, CaseIterable {
        /// What networks are, data, checks before training.
        case foundations = "A"
        /// Gradient descent, optimizers, learning rates.
        case descent = "B"
        /// Start values, and what they do on the way forward and back.
        case signal = "C"
        /// Overfitting, regularization, dropout, early stopping.
        case overfitting = "D"
        /// Batch normalization.
        case normalization = "E"
        /// Searches and cross-validation.
        case choosing = "F"
        /// Convolutions, classic networks, transfer.
        case convolution = "G"
        /// Recurrent layers, attention, texts.
        case sequences = "H"

        /// What the course calls it.
        public var title: Words {
            switch self {
            case .foundations: Words("Foundations", "기초")
            case .descent: Words("Descent", "경사하강")
            case .signal: Words("Initialization and signal", "초깃값과 신호")
            case .overfitting: Words("Overfitting and its remedies", "과적합과 규제")
            case .normalization: Words("Batch normalization", "배치 정규화")
            case .choosing: Words("Choosing", "선택")
            case .convolution: Words("Convolution", "합성곱")
            case .sequences: Words("Sequences and texts", "시퀀스와 글")
            }
        }
    }

    /// What a course teaches, and where.
    public struct Taught: Sendable, Hashable {
        /// The statement.
        public var text: Words
        /// Who says it: a book, a lecture.
        public var source: String

        /// A statement and its source.
        public init(_ text: Words, source: String) {
            self.text = text
            self.source = source
        }
    }

    /// A file or a program that reproduces an arm.
    public struct Recipe: Sendable, Hashable {
        /// How it is written.
        public enum Form: String, Sendable, Hashable {
            /// An experiment file.
            case yaml
            /// A program.
            case swift
            /// Commands.
            case shell
        }

        /// What it reproduces.
        public var title: Words
        /// How it is written.
        public var form: Form
        /// The text.
        public var text: String

        /// Creates a value; arguments set the properties of their names.
        public init(_ title: Words, _ form: Form, _ text: String) {
            self.title = title
            self.form = form
            self.text = text
        }
    }

    /// Its name: that of its folder and of the command's argument.
    public var id: String
    /// Its number in the course: `C2`.
    public var number: String
    /// The part of the course that it belongs to.
    public var part: Part
    /// What the page is called.
    public var title: Words
    /// The question.
    public var question: Words
    /// What the courses say.
    public var taught: [Taught]
    /// What is done.
    public var setup: Words
    /// How to reproduce an arm without the lab.
    public var recipes: [Recipe]
    /// The result in one sentence: held here, fails when …
    public var lesson: Words
    /// What one would not have expected.
    public var surprise: Words
    /// Commands worth trying next, with what they show.
    public var next: [Recipe]
    /// The seeds of a whole run.
    public var seeds: Int
    /// The seconds that a whole run takes on two cores.
    public var seconds: Double
    /// Counted up when `measure` computes something else: what was measured before is then measured again.
    public var revision: Int

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ id: String, number: String, part: Part, title: Words, question: Words, taught: [Taught] = [], setup: Words,
        recipes: [Recipe] = [], lesson: Words, surprise: Words, next: [Recipe] = [], seeds: Int = 10,
        seconds: Double = 10, revision: Int = 1
    ) {
        self.id = id
        self.number = number
        self.part = part
        self.title = title
        self.question = question
        self.taught = taught
        self.setup = setup
        self.recipes = recipes
        self.lesson = lesson
        self.surprise = surprise
        self.next = next
        self.seeds = seeds
        self.seconds = seconds
        self.revision = revision
    }

    /// The seeds of a quick run.
    public var quickSeeds: Int { min(3, seeds) }
}
