//! Whether a text matches: all ways at once, step by step, without any recursion on the text.

use super::{Class, Node};

/// The most instructions of a program: counted repetitions are written out.
const LONGEST: usize = 16_384;

/// A pattern as instructions.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Boundary { negated: bool },
    Class(Class),
    End,
    Look { negated: bool, program: Program },
    Matched,
    Split(usize, usize),
    Start,
}

impl Program {
    pub(super) fn compile(node: &Node) -> Result<Self, &'static str> {
        let mut program = Self { steps: Vec::new() };
        program.push(node)?;
        program.steps.push(Step::Matched);
        Ok(program)
    }

    fn push(&mut self, node: &Node) -> Result<(), &'static str> {
        if self.steps.len() > LONGEST {
            return Err("repetitions of this size");
        }
        match node {
            Node::Boundary { negated } => self.steps.push(Step::Boundary { negated: *negated }),
            Node::Class(class) => self.steps.push(Step::Class(class.clone())),
            Node::Concat(nodes) => nodes.iter().try_for_each(|node| self.push(node))?,
            Node::End => self.steps.push(Step::End),
            Node::Look { negated, inner } => {
                let program = Self::compile(inner)?;
                self.steps.push(Step::Look { negated: *negated, program });
            }
            Node::Start => self.steps.push(Step::Start),
            Node::Alternate(branches) => self.alternate(branches)?,
            Node::Repeat { inner, least, most } => {
                for _ in 0..*least {
                    self.push(inner)?;
                }
                match most {
                    None => {
                        let split = self.hole();
                        self.push(inner)?;
                        let back = self.hole();
                        self.steps[back] = Step::Split(split, split);
                        self.steps[split] = Step::Split(split + 1, back + 1);
                    }
                    Some(most) => {
                        let mut splits = Vec::new();
                        for _ in *least..*most {
                            splits.push(self.hole());
                            self.push(inner)?;
                        }
                        let end = self.steps.len();
                        for split in splits {
                            self.steps[split] = Step::Split(split + 1, end);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn alternate(&mut self, branches: &[Node]) -> Result<(), &'static str> {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.push(branch)?;
                break;
            }
            let split = self.hole();
            self.push(branch)?;
            jumps.push(self.hole());
            self.steps[split] = Step::Split(split + 1, self.steps.len());
        }
        let end = self.steps.len();
        for jump in jumps {
            self.steps[jump] = Step::Split(end, end);
        }
        Ok(())
    }

    /// Room for an instruction whose targets are not known yet.
    fn hole(&mut self) -> usize {
        self.steps.push(Step::Matched);
        self.steps.len() - 1
    }

    /// Whether it matches from any place on.
    pub(super) fn search(&self, text: &[char], fuel: &mut u64) -> Option<bool> {
        self.run(text, 0, true, fuel)
    }

    fn run(&self, text: &[char], from: usize, anywhere: bool, fuel: &mut u64) -> Option<bool> {
        let mut threads: Vec<usize> = Vec::new();
        let mut marks = vec![usize::MAX; self.steps.len()];
        let mut todo = vec![0];
        for at in from..=text.len() {
            let mut classes = Vec::new();
            if anywhere || at == from {
                todo.push(0);
            }
            todo.append(&mut threads);
            while let Some(step) = todo.pop() {
                if std::mem::replace(&mut marks[step], at) == at {
                    continue;
                }
                *fuel = fuel.checked_sub(1)?;
                let goes = match &self.steps[step] {
                    Step::Matched => return Some(true),
                    Step::Class(_) => {
                        classes.push(step);
                        false
                    }
                    Step::Split(a, b) => {
                        todo.extend([*b, *a]);
                        false
                    }
                    Step::Start => at == 0,
                    Step::End => at == text.len(),
                    Step::Boundary { negated } => boundary(text, at) != *negated,
                    Step::Look { negated, program } => {
                        program.run(text, at, false, fuel)? != *negated
                    }
                };
                if goes {
                    todo.push(step + 1);
                }
            }
            let Some(next) = text.get(at) else { break };
            for step in classes {
                if matches!(&self.steps[step], Step::Class(class) if class.contains(*next)) {
                    threads.push(step + 1);
                }
            }
            if threads.is_empty() && !anywhere {
                return Some(false);
            }
        }
        Some(false)
    }
}

fn boundary(text: &[char], at: usize) -> bool {
    let word = |it: Option<&char>| it.is_some_and(|it| it.is_ascii_alphanumeric() || *it == '_');
    word(at.checked_sub(1).and_then(|before| text.get(before))) != word(text.get(at))
}
