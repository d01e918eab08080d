import { type ComponentType, createElement, useEffect, useState } from "react";

export type LazyPart<Props> = ComponentType<Props> & { preload: () => Promise<void> };

/**
 * A part of a page whose code is loaded when it is first shown, or ahead by `preload`. Until then, and when the code does
 * not arrive, nothing stands in its place; the next time it is shown it is asked for again.
 */
export function lazyPart<Props extends object>(load: () => Promise<ComponentType<Props>>): LazyPart<Props> {
  let loaded: ComponentType<Props> | null = null;
  const preload = async () => {
    loaded ??= await load();
  };
  // biome-ignore lint/correctness/noComponentHookFactories: like React.lazy, called once for each part, where modules begin
  function Part(props: Props) {
    const [, setThere] = useState(loaded !== null);
    useEffect(() => {
      preload().then(
        () => setThere(true),
        () => undefined, // it is only missing: the page is whole without it
      );
    }, []);
    return loaded && createElement(loaded, props);
  }
  return Object.assign(Part, { preload });
}
