import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";

interface Props {
  q: string;
  onChange: (q: string) => void;
  countText: string | undefined;
}

/** Shows each keystroke at once; the rest of the page follows. */
export function SearchBox({ q, onChange, countText }: Props) {
  const [text, setText] = useState(q);
  const [seen, setSeen] = useState(q);
  const [asked, setAsked] = useState<string | null>(null);
  if (q !== seen) {
    // What was asked for comes back late: by then more may have been typed. Anything else came by a link.
    setSeen(q);
    if (asked === null) setText(q);
    else if (q === asked) setAsked(null);
  }
  const type = (typed: string) => {
    setText(typed);
    setAsked(typed === q ? null : typed);
    onChange(typed);
  };
  return (
    <TextFilter
      filteringText={text}
      onChange={({ detail }) => type(detail.filteringText)}
      filteringPlaceholder="Find workers ( / )"
      filteringAriaLabel="Find workers by name, id, address, label or note"
      countText={countText}
    />
  );
}
