//! The marks of states, severities and tones. Shape and colour both carry the meaning, so that a mark survives
//! colour-blindness and black-and-white print.

use crate::block::{Severity, State, Tone};
use crate::drawing::{Drawing, Ink, Shape, Stroke, frame, line, rect, solid};

/// Side of a mark.
pub const SIZE: f64 = 12.0;

/// The mark of a state.
pub fn state(state: State) -> Drawing {
    let dotted = Stroke { ink: Ink::Unknown, width: 1.5, dash: Some((1.5, 1.75)), round: false };
    let shapes = match state {
        State::Success => vec![rect(1.0, 1.0, 10.0, 10.0, Ink::Good)],
        State::Late => vec![
            Shape::Path {
                points: vec![(1.5, 1.5), (10.5, 10.5), (1.5, 10.5)],
                closed: true,
                fill: Some(Ink::Late),
                stroke: None,
            },
            frame(1.75, 1.75, 8.5, 8.5, solid(Ink::Late, 1.5)),
        ],
        State::Failed => {
            let cross = Stroke { ink: Ink::Paper, width: 1.8, dash: None, round: false };
            vec![
                rect(0.5, 0.5, 11.0, 11.0, Ink::Bad),
                line((3.2, 3.2), (8.8, 8.8), cross),
                line((8.8, 3.2), (3.2, 8.8), cross),
            ]
        }
        State::Missed => vec![ring(4.2, solid(Ink::Missed, 2.4))],
        State::Overrun => vec![
            ring(4.8, solid(Ink::Late, 1.4)),
            line((6.0, 6.4), (6.0, 3.2), solid(Ink::Late, 1.4)),
            line((5.4, 6.0), (8.6, 6.0), solid(Ink::Late, 1.4)),
        ],
        State::Unknown => vec![frame(1.75, 1.75, 8.5, 8.5, dotted)],
        State::Running => [2.4, 6.0, 9.6]
            .map(|x| Shape::Circle { centre: (x, 6.0), radius: 1.2, fill: Some(Ink::Muted), stroke: None })
            .to_vec(),
        State::Waived => vec![
            frame(1.6, 1.6, 8.8, 8.8, solid(Ink::Muted, 1.2)),
            line((1.6, 10.4), (10.4, 1.6), solid(Ink::Muted, 1.2)),
        ],
        State::NotApplicable => vec![line((3.0, 6.0), (9.0, 6.0), solid(Ink::Muted, 1.2))],
        State::NoSlot => Vec::new(),
    };
    Drawing { width: SIZE, height: SIZE, shapes }
}

/// The mark of a severity: one to four of four rising bars.
pub fn severity(severity: Severity) -> Drawing {
    let ink = match severity {
        Severity::Critical | Severity::High => Ink::Bad,
        Severity::Medium => Ink::Late,
        Severity::Low => Ink::Muted,
    };
    let shapes = (0..4u8)
        .map(|n| {
            let height = 3.5 + 2.5 * f64::from(n);
            let fill = if n < severity.bars() { ink } else { Ink::Rule };
            rect(0.5 + 3.0 * f64::from(n), 11.5 - height, 2.0, height, fill)
        })
        .collect();
    Drawing { width: SIZE, height: SIZE, shapes }
}

/// The mark of a tone; a neutral tone has none.
pub const fn of_tone(tone: Tone) -> Option<State> {
    match tone {
        Tone::Neutral => None,
        Tone::Good => Some(State::Success),
        Tone::Warning => Some(State::Late),
        Tone::Bad => Some(State::Failed),
        Tone::Unknown => Some(State::Unknown),
    }
}

/// The colour of a tone.
pub const fn ink_of_tone(tone: Tone) -> Ink {
    match tone {
        Tone::Neutral => Ink::Accent,
        Tone::Good => Ink::Good,
        Tone::Warning => Ink::Late,
        Tone::Bad => Ink::Bad,
        Tone::Unknown => Ink::Unknown,
    }
}

fn ring(radius: f64, stroke: Stroke) -> Shape {
    Shape::Circle { centre: (6.0, 6.0), radius, fill: None, stroke: Some(stroke) }
}
