const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;

/** Takes the number of a frame and gives its picture, one column wide. */
export function spinner(frame: number): string {
  return FRAMES[frame % FRAMES.length] ?? FRAMES[0];
}
