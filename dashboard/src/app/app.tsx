import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Toaster } from "sonner";
import { createQueryClient } from "@/api/queries";
import { ConfirmProvider } from "@/components/confirm";
import { FeaturesProvider } from "@/features/collected";
import { useTheme } from "@/lib/theme";
import { FEATURES } from "./features";
import { router } from "./router";

const queryClient = createQueryClient();

export function App() {
  const theme = useTheme();
  return (
    <QueryClientProvider client={queryClient}>
      <ConfirmProvider>
        <FeaturesProvider value={FEATURES}>
          <RouterProvider router={router} />
        </FeaturesProvider>
      </ConfirmProvider>
      <Toaster
        theme={theme}
        position="bottom-right"
        gap={8}
        mobileOffset={{ bottom: 72 }}
        toastOptions={{ className: "!bg-overlay !border-line !text-ink !font-sans" }}
      />
    </QueryClientProvider>
  );
}
