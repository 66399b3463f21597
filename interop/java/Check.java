import java.util.Objects;

/** Says that a step went as it should, or ends the program. */
final class Check {
    private Check() {}

    static void that(String what, Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError("not ok: " + what + ": " + got + " instead of " + wanted);
        }
        System.out.println("ok: " + what);
    }
}
