import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { SiteCode } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { keys } from "@/api/keys";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { SelectField, TextField } from "@/components/field";
import { notifyDone } from "@/components/notify";
import { ErrorNote } from "@/components/states";
import { acts } from "../api/queries";

const NEVER = "";
const DAY_H = 24;

/** A new code with its limits; when rotating, the codes of before stop at the same moment. */
export function CodeDialog({
  siteId,
  rotate,
  active,
  onClose,
}: {
  siteId: string;
  rotate: boolean;
  active: number;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [expires, setExpires] = useState(NEVER);
  const [uses, setUses] = useState("");
  const make = useMutation({
    mutationFn: (): Promise<SiteCode> => {
      const limits = {
        expires_in_h: expires === NEVER ? null : Number(expires),
        max_uses: uses === "" ? null : Number(uses),
      };
      return rotate ? acts.rotateCodes(siteId, limits) : acts.createCode(siteId, limits);
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: [...keys.sites, "codes", siteId] });
      notifyDone(rotate ? "The codes were rotated." : "The code is ready.");
      onClose();
    },
  });
  const fields = make.error instanceof ApiError ? make.error.fields : {};
  return (
    <Dialog
      open
      onClose={onClose}
      title={rotate ? "Rotate the site codes" : "New site code"}
      description={
        rotate
          ? `Revokes ${active === 1 ? "the 1 active code" : `all ${active} active codes`} and makes a new one. Machines already enrolled are not touched; install commands copied before stop working.`
          : "A code lets a machine enrol at this site. It is not a key to anything else."
      }
      className="md:w-[460px]"
    >
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <ErrorNote error={make.error} />
        <div className="grid gap-3 sm:grid-cols-2">
          <SelectField
            label="Expires"
            value={expires}
            onChange={(event) => setExpires(event.target.value)}
            error={fields.expires_in_h}
          >
            <option value={NEVER}>Never</option>
            <option value={1}>In 1 hour</option>
            <option value={DAY_H}>In 1 day</option>
            <option value={7 * DAY_H}>In 7 days</option>
            <option value={30 * DAY_H}>In 30 days</option>
            <option value={90 * DAY_H}>In 90 days</option>
          </SelectField>
          <TextField
            label="At most, machines"
            type="number"
            min={1}
            max={100_000}
            placeholder="No limit"
            value={uses}
            onChange={(event) => setUses(event.target.value)}
            error={fields.max_uses}
          />
        </div>
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={rotate ? "danger-solid" : "primary"} busy={make.isPending}>
            {rotate ? "Rotate" : "Create"}
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}
